"""A WSGI application as PEP 3333 begins: for gunicorn and waitress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer every request alike; the length is left to the server."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello, world!\n"]
