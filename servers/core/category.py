"""The groups that the architectures fall into, in the order of the argument."""

from __future__ import annotations

from enum import StrEnum


class Group(StrEnum):
    """Where the HOWTO and the C10K page place an architecture."""

    HOWTO = "the HOWTO's six"
    NAMED = "named in its text"
    POOLS = "pools and ports"
    LOOPS = "loops and coroutines"
    COMPLETION = "completion and signals"
