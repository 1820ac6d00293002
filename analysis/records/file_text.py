"""The text of a JSON file of a run."""

from __future__ import annotations

from pathlib import Path

LARGEST_BYTES = 2**28
"""Hundreds of times the largest that the lab writes; beyond it a reader's memory is at stake."""


def file_text(path: Path) -> str:
    """ValueError for what is no UTF-8 text, or larger than LARGEST_BYTES."""
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise ValueError(f"it has {size:,} bytes, and the lab writes none above {LARGEST_BYTES:,}")
    return path.read_text(encoding="utf-8")
