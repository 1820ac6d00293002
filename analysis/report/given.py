"""What a foreign server was given beyond the lab's confinement, and what stood beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.given import WHOLE_FILE_SYSTEM

TWO = 2
"""Cores of a machine on which there is none but the server's and the load's."""


def given(entry: Mapping[str, Any]) -> str:
    """In words, from its entry in the manifest; empty for one that is confined like the lab's."""
    parts = [*_loosened(entry), *_set(entry)]
    return f"given: {'; '.join(parts)}" if parts else ""


def needed(entry: Mapping[str, Any], cores: int | None) -> str:
    """The containers that were started beside it for each trial, with what they were given."""
    each = [
        ", ".join(filter(None, (f"{name} from {image_of(one)}", given(one))))
        for name, one in entry.get("needs", {}).items()
    ]
    where = ", on the load's core" if cores == TWO else ""
    return f"beside it: {'; '.join(each)}{where}" if each else ""


def image_of(entry: Mapping[str, Any]) -> str:
    """Its image, and the start of that one's id."""
    return f"{entry.get('image')} ({str(entry.get('id')).removeprefix('sha256:')[:12]})"


def _loosened(entry: Mapping[str, Any]) -> list[str]:
    writable, capabilities = entry.get("writable") or [], entry.get("capabilities") or []
    user = entry.get("user")
    return [
        *(["the whole file system writable"] if WHOLE_FILE_SYSTEM in writable else []),
        *(
            [f"writable {', '.join(writable)}"]
            if writable and WHOLE_FILE_SYSTEM not in writable
            else []
        ),
        *(["user of the image"] if user == "image" else [f"user {user}"] if user else []),
        *([f"{_plural(capabilities)} {', '.join(capabilities)}"] if capabilities else []),
    ]


def _set(entry: Mapping[str, Any]) -> list[str]:
    memory, files, entrypoint = (entry.get(key) for key in ("memory", "files", "entrypoint"))
    return [
        *([f"{memory} of memory"] if memory else []),
        *([f"files {', '.join(files.values())}"] if files else []),
        *([f"entry point {' '.join(entrypoint) or 'none'}"] if entrypoint is not None else []),
    ]


def _plural(capabilities: list[str]) -> str:
    return "capability" if len(capabilities) == 1 else "capabilities"
