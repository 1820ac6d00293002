"""What the manifest of a run says of its check-up, and the sweeps of its trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from contract.checkup.rules import Rules, rules_of

CHECK_UP: Final = "checkup"
"""In a manifest; only that of a check-up has it."""
ALL_ASKED: Final = "checkup_ended_at"
"""In the manifest once all was asked."""
CLOSED: Final = "closed"
IDLE: Final = "idle"
CROWD: Final = "crowd"
"""Sweeps of the plan: as fast as it can go, idle connections, a crowd."""
HOLDS: Final = "holds"
COST: Final = "cost"
BEYOND: Final = "beyond"
"""Sweeps of the trials whose rates depend on those before them."""
CLIENTS: Final = "clients"
READERS: Final = "readers"
HOSTILE: Final = "hostile"
FLOOD: Final = "flood"
"""Sweeps of bad clients beside good ones, whose rate is BESIDE_BAD of what the server holds: slow
writers and resets; slow readers; garbage, endless heads and halves; a flood of connections."""
HABITS: Final = "habits"
"""Sweep of the trial after which the server is asked about its habits."""
LEAK: Final = "leak"
"""Sweep of connections that come and go, at COME_AND_GO of the rate that it had with a crowd."""
DEPLOY: Final = "deploy"
"""Sweep of a server that is told to end under load, at DEPLOYED of what it holds."""
START: Final = "start"
"""Sweep of a server whose start is watched."""
DEPLOYED: Final = 0.5
BESIDE_BAD: Final = 0.5
COME_AND_GO: Final = 0.3
COSTS: Final = (0.01, 0.1, 0.5, 0.9)
"""Shares of the rate that a server holds, at which the cost of a request is asked."""
OVERLOAD: Final = 1.5
"""The rate beyond it, as a share, for SURGE_S; then AFTER of it until the window ends."""
AFTER: Final = 0.5
SURGE_S: Final = 3.0
SURGE_WINDOW_S: Final = 12.0
FLOOD_ENDS_S: Final = 2.5
"""After the window has opened; it comes in less than half a second, and stays for two."""
FLOOD_WINDOW_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class ComparedWith:
    """The server `base` that a check-up's own is compared with: both are asked trial by trial, all
    but the search in so many `rounds`. A figure that is worse by more than the `tolerance` (a
    share), beyond the noise, is a regression."""

    base: str
    rounds: int
    tolerance: float


@dataclass(frozen=True, slots=True)
class Described:
    """A check-up of `server`, with `beside` asked the same; `most` trials of each search. A server
    that is `compared` with another has that one alone beside it."""

    server: str
    beside: tuple[str, ...]
    most: int
    rules: Rules
    compared: ComparedWith | None = None

    @property
    def servers(self) -> tuple[str, ...]:
        """The one that it is about, first."""
        return (self.server, *self.beside)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Servers of a group are asked trial by trial, one group after the other."""
        if self.compared:
            return ((self.compared.base, self.server),)
        return tuple((one,) for one in self.servers)

    @property
    def rounds(self) -> int:
        """How often all but the search is asked."""
        return self.compared.rounds if self.compared else 1


def described(manifest: Mapping[str, Any]) -> Described | None:
    """The check-up of this manifest; None of another run. Raises ValueError."""
    told = manifest.get(CHECK_UP)
    if told is None:
        return None
    try:
        server, beside, most = told["server"], tuple(told["beside"]), told["most"]
        rules = rules_of(told["rules"])
        compared = ComparedWith(**told["compared"]) if "compared" in told else None
    except (KeyError, TypeError) as error:
        raise ValueError(f"{CHECK_UP}: not as a check-up writes it: {error!r}") from error
    return Described(server, beside, most, rules, compared)
