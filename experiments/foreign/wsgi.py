"""The lab's answer as a WSGI application: for gunicorn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BODY = b"Hello, world!"
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]


def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer every request with the 13 bytes."""
    start_response("200 OK", HEADERS)
    return [BODY]
