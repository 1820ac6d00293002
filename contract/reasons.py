"""Sentences of the column `reason` that somebody reads again: writer and reader take them from
here, and kept runs have them too, so that a change of one is a change of the record format."""

from __future__ import annotations

import re

from contract.exits import ServerExit

CLOSED_AFTER_ONE = "the server closes the connection after a response"
ENDS_BY_CLOSE = "the response has no Content-Length and ends with its connection"
CLOSES_EACH = (CLOSED_AFTER_ONE, ENDS_BY_CLOSE)
"""Both where connections were to stay: the second tells the end of an answer by closing."""
NOBODY_SERVED = "no response came in the window"
"""What is said of a trial that served nobody, in every version."""
CLOSES_IDLE = re.compile(r"the server closes .*?connections.*? after ([\d.]+) s")
"""What `closes_idle` writes; the group is the time in seconds."""
UNAVAILABLE = rf"the server ended with exit code {ServerExit.UNAVAILABLE:d}\b"
"""A pattern for what `server_ended` writes of one of the lab's own servers for what this machine
has not got, which is no failure of theirs. Others mean by that code what they like."""


def closes_idle(what: str, after: str) -> str:
    """What is said of a server with such a time-out; `after` is a time with its unit."""
    return f"the server closes {what} after {after}"


def server_ended(how: str) -> str:
    """What is said of one that was to go on; `how` is its container's state, in words."""
    return f"the server ended with {how}"
