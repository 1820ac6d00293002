"""The named exit codes of `python -m servers`, and the exception that leads to one."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process tells its parent."""

    OK = 0  # stopped by SIGTERM or SIGINT, or printed what was asked
    FAILED = 1  # cannot listen (the address is taken, forbidden or unknown), or start workers
    USAGE = 2  # a setting or a name is wrong; every error is printed, one a line
    UNAVAILABLE = 3  # this machine lacks, or forbids, what the variant is built on


class StartError(Exception):
    """The server cannot start; the text says why, and what to do."""


class UnavailableError(StartError):
    """What the variant is built on is not there, or not allowed, on this machine."""
