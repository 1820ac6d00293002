"""The named exit codes of `python -m servers`."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process tells its parent."""

    OK = 0  # stopped by SIGTERM or SIGINT, or printed what was asked
    FAILED = 1  # cannot listen: the address is taken, forbidden or unknown
    USAGE = 2  # a setting or a name is wrong; every error is printed, one a line
