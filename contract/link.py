"""The two directions of a path that is made slow, lossy or thin, and how the kernel's queueing
disciplines of each are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TO_CLIENT, TO_SERVER = "to_client", "to_server"
HANDLES: Final[Mapping[str, int]] = {TO_CLIENT: 0x11, TO_SERVER: 0x12}
"""Major numbers of their handles."""
