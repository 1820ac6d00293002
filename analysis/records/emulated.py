"""Images for another processor than the machine's, which an emulator ran, by the manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analysis.wording import server_name

KEY = "emulated"
"""What an image is for and what the machine is, in its entry; absent where both go together."""


def emulated(servers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is wrong with the figures of each server whose image, or that of what it needs, is such,
    without the full stop."""
    return [
        f"the image of {whose} says that it is for another processor ({of}): what ran it is an "
        "emulator, and so are its figures"
        for whose, of in _images(servers.items())
    ]


def _images(servers: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    for name, entry in servers:
        if of := entry.get(KEY):
            yield server_name(name), str(of)
        for need, its in entry.get("needs", {}).items():
            if of := its.get(KEY):
                yield f"{need}, which {server_name(name)} needs,", str(of)
