"""Which key of its entry may help a container that did not start, by what it said. Pure text.

Only where its own words show it: a container of somebody's may as well have failed by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from posixpath import dirname
from typing import Final

from contract.given import WHOLE_FILE_SYSTEM
from experiments.plan.container_keys import IMAGE, ContainerKeys

SEARCHED, LETTERS = 20, 300
"""Lines from the end, as after an error a runtime may still print where it came from; and the
letters of one that are told."""
BEFORE: Final = 3
"""Lines in which Python shows the call that failed."""
TMP: Final = "/tmp"  # noqa: S108 - a mount point
PATH: Final = re.compile(r"(?<![\w/.])/[\w.+@-]+(?:/[\w.+@-]+)*")
IN_TMP: Final = re.compile(r"(?<![\w/.])/tmp/|failed to map segment|noexec", re.IGNORECASE)
CALLS: Final = (
    (re.compile(r"chown", re.IGNORECASE), "CHOWN"),
    (re.compile(r"set(e|res)?gid|(set|init)groups", re.IGNORECASE), "SETGID"),
    (re.compile(r"set(e|res)?uid", re.IGNORECASE), "SETUID"),
    (re.compile(r"chroot", re.IGNORECASE), "SYS_CHROOT"),
)
EXECUTION: Final = re.compile(r"\bexec\b", re.IGNORECASE)


def key_that_may_help(said: str, keys: ContainerKeys, told: str) -> str:
    """In words, with the line that shows it where what is `told` anyway does not have it; empty
    where no line of `said` does."""
    lines = [line.strip() for line in said.splitlines() if line.strip()][-SEARCHED:]
    for place, line in reversed([*enumerate(lines)]):
        around = " ".join(lines[max(0, place - BEFORE) : place + 1])
        for pattern, advise in SIGNS:
            if pattern.search(line) and (advice := advise(line, around, keys)):
                seen = line[:LETTERS]
                return advice if seen in told else f"its log has {seen!r}: {advice}"
    return ""


def _read_only(line: str, _around: str, keys: ContainerKeys) -> str:
    path = PATH.search(line)
    if path and path[0] in keys.files.values():
        return f"`files` are read only, {path[0]} among them"
    if WHOLE_FILE_SYSTEM in keys.writable:
        return ""
    folder = dirname(path[0]) if path else ""
    if folder in ("", "/"):
        return "its file system is read only: `writable` may help"
    return (
        f"its file system is read only: `writable: [{folder}]` may help, or `writable: all` where "
        "what the image has there is needed"
    )


def _denied(line: str, around: str, keys: ContainerKeys) -> str:
    if IN_TMP.search(line):
        return _in_tmp(line, around, keys)
    return "" if keys.user else "it runs as user 10001: `user: image` may help"


def _not_permitted(line: str, around: str, keys: ContainerKeys) -> str:
    if IN_TMP.search(line):
        return _in_tmp(line, around, keys)
    for pattern, name in CALLS:
        if pattern.search(around) and name not in keys.capabilities:
            root = "" if keys.user else f"`user: {IMAGE}` and "
            return f"it has no such capability: {root}`capabilities: [{name}]` may help"
    if EXECUTION.search(line) and not keys.capabilities:
        return (
            "its program may have file capabilities (`getcap` shows them), without which it is not "
            "started: `capabilities` with these may help"
        )
    return ""


def _in_tmp(_line: str, _around: str, keys: ContainerKeys) -> str:
    if {TMP, WHOLE_FILE_SYSTEM} & set(keys.writable):
        return ""
    return "nothing in /tmp can be executed: `writable: [/tmp]` may help"


def _format(_line: str, _around: str, keys: ContainerKeys) -> str:
    script = "" if keys.entrypoint else "; of a script, `entrypoint: [sh, PATH]` may help"
    return f"its program is for another processor, or a script without #! at its start{script}"


Advise = Callable[[str, str, ContainerKeys], str]
"""Advice by a line, it with those before it, and the keys that are given."""
SIGNS: Final[tuple[tuple[re.Pattern[str], Advise], ...]] = (
    (re.compile(r"read-only file ?system|\bEROFS\b", re.IGNORECASE), _read_only),
    (re.compile(r"exec format error", re.IGNORECASE), _format),
    (re.compile(r"failed to map segment|\bnoexec\b", re.IGNORECASE), _in_tmp),
    (re.compile(r"permission denied|\bEACCES\b", re.IGNORECASE), _denied),
    (re.compile(r"operation not permitted|\bEPERM\b", re.IGNORECASE), _not_permitted),
)
"""The kernel's errors as they stand in logs: of C, Go and Python in words, of Node by name."""
