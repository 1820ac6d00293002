"""What a file in servers/variants/ says of its architecture, checked as it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum

from servers.core.events import EventLog
from servers.core.settings import Settings

_SINCE = re.compile(r"any|\d+\.\d+(\.\d+)?")


class Group(StrEnum):
    """Where the HOWTO and the C10K page place an architecture, in the order of the argument."""

    HOWTO = "the HOWTO's six"
    NAMED = "named in its text"
    POOLS = "pools and ports"
    LOOPS = "loops and coroutines"
    COMPLETION = "completion and signals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One server architecture. Raises ValueError if it says something that cannot be."""

    idea: str
    """The architecture in one line."""
    workers: str
    """The threads or processes that serve, in a few words."""
    group: Group
    since: str
    """The first Linux that has what it needs, or `any`."""
    ignores: frozenset[str]
    """Settings that mean nothing to it."""
    serve: Callable[[Settings, EventLog], None]
    """Serves until the process is told to stop, and returns. Raises StartError."""

    def __post_init__(self) -> None:
        unknown = self.ignores - {setting.name for setting in fields(Settings)}
        if unknown:
            raise ValueError(f"ignores {', '.join(sorted(unknown))}: no such setting")
        if not _SINCE.fullmatch(self.since):
            raise ValueError(f"since {self.since!r}: neither a version of Linux nor `any`")
        for name, text in (("idea", self.idea), ("workers", self.workers)):
            if not text.strip() or "\n" in text:
                raise ValueError(f"{name} {text!r}: not one line")
