"""Named exit codes of the command line and of the lab's own servers, and the error that carries
one."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the shell sees; the README lists them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    BAD_INPUT = 3
    NO_DOCKER = 4
    NOT_READY = 5
    BUSY = 6
    HARMED = 7
    REGRESSED = 8
    CANNOT_TELL = 9
    EXCEEDED = 10
    AFTERWARDS = 11
    INTERRUPTED = 130


class ServerExit(IntEnum):
    """What the process of `python -m servers` tells its parent."""

    OK = 0  # stopped by SIGTERM or SIGINT, or printed what was asked
    FAILED = 1  # cannot listen (the address is taken, forbidden or unknown), or start workers
    USAGE = 2  # a setting or a name is wrong; every error is printed, one a line
    UNAVAILABLE = 3  # this machine lacks, or forbids, what the variant is built on


class LabError(Exception):
    """Something a person can mend: the message says what, where and what to do."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit = code
