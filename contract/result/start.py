"""How a server started, where that was watched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSeen:
    """What a watcher beside the server prints once it was answered rightly; moments in s of the
    machine's calendar, as the engine has them."""

    listening_s: float
    answered_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Since the engine says that the container ran; 0: before it said so."""

    listening_s: float
    answered_s: float
