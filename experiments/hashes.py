"""Hashes of what is named or kept by its content, in hex."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

DIGITS: Final = 12
"""Digits of a hash in a name."""


def short_hash(*parts: str) -> str:
    """Hash of several texts in this order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:DIGITS]


def file_hash(path: Path) -> str:
    """Hash of a file's bytes, in full."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
