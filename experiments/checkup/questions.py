"""The questions of a check-up whose trials depend on those before them, one server after the other.

What is asked next is decided by the records alone, so that a check-up which was stopped goes on
with the trial that it was at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from contract.checkup.description import (
    AFTER,
    BESIDE_BAD,
    BEYOND,
    COME_AND_GO,
    COST,
    COSTS,
    CROWD,
    DEPLOY,
    DEPLOYED,
    ENDED,
    HABITS,
    HOLDS,
    LEAK,
    OVERLOAD,
    START,
    SURGE_S,
    SURGE_WINDOW_S,
    Described,
    described,
)
from contract.checkup.evidence import seen_of
from contract.checkup.held_rate import HeldRate, held_rate
from contract.checkup.way import Way, way_of
from contract.exits import Exit, LabError
from contract.settings.trial import Settings
from experiments.checkup.bad_clients import beside
from experiments.checkup.search import next_rate, rounded
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Point, Trial, left_to_it
from experiments.records.attempts import unsettled
from experiments.records.run_folder import Store
from experiments.records.typed_rows import typed_rows

LEAST_PER_S: Final = 1.0
"""A slower open loop asks nothing in a window."""
MOST_PER_S: Final = 1_000_000.0
WARM_UP_S: Final = (1.0, 5.0)
"""The least and the most before a window; a fresh server has not long been itself."""
LEAK_S: Final = 15.0
HABITS_WINDOW_S: Final = 0.5
"""Of the trial whose load says nothing; its server is asked after it."""
TOLD_AFTER_S: Final = 1.0
STOP_S: Final = 3.0
"""The load of a server goes on so long after it was told to end."""
START_S: Final = 6.0
"""Of load, in twentieths of which its rate is known."""
WINDOW_S: Final = 3.0
"""What is a percent too much delays the last requests of four seconds by 40 ms."""
SLOW_PER_S: Final = 100.0
SLOW_S: Final = 5.0
"""A window at less than this rate is longer, for a percentile of more requests."""


def check_up_of(store: Store) -> Described | None:
    """What a run is a check-up of; None of another run. Raises LabError where another version of
    the lab began it."""
    try:
        return described(store.manifest())
    except ValueError as error:
        raise LabError(
            f"{store.folder} cannot go on: its manifest has no rules that this version of the lab "
            f"can read: {error}; start a new check-up",
            Exit.BAD_INPUT,
        ) from error


@dataclass(frozen=True, slots=True)
class CheckUp:
    """A run whose plan is done. `described` says what is asked; `known` are the servers of others,
    by name. `measure` runs trials, for what the words say; `tell` says a line."""

    described: Described
    known: dict[str, Foreign]
    store: Store
    planned: int
    measure: Callable[[list[Trial], str], object]
    tell: Callable[[str], None]

    def ask_all(self) -> None:
        """Of all servers. Raises LabError where no more can be measured."""
        if ENDED in self.store.manifest():
            return
        asked = 0
        for server in self.described.servers:
            asked = self._ask(server, asked)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = self.store.manifest()
        self.store.write_manifest({**manifest, "trials": self.planned + asked, ENDED: now})

    def _ask(self, server: str, asked: int) -> int:
        """All questions of one server, after so many trials; returns how many that are then."""
        way = way_of(self._rows(server, 0))
        if way is None:
            self.tell(f"{server}: it served nobody as fast as it can; what it holds is not asked")
            return asked
        asked, belief = self._search(server, way, asked)
        for share in COSTS:
            rate = rounded(belief.median * share)
            if LEAST_PER_S <= rate <= MOST_PER_S:
                asked += 1
                settings = self._settings(server, way, rate)
                self._run(asked, COST, settings, f"what a request costs at {share:.0%}")
        rate, surge = rounded(belief.median * AFTER), rounded(belief.median * OVERLOAD)
        if rate >= LEAST_PER_S and surge <= MOST_PER_S:
            asked += 1
            settings = self._settings(server, way, rate)
            self._run(asked, BEYOND, _surging(settings, surge), "what happens beyond it")
        asked = self._clients(server, way, belief, asked)
        asked = self._deploy(server, way, belief, asked)
        asked = self._leak(server, self._start(server, way, asked))
        return self._habits(server, asked)

    def _clients(self, server: str, way: Way, belief: HeldRate, asked: int) -> int:
        """Good clients beside bad ones."""
        rate = rounded(belief.median * BESIDE_BAD)
        if rate < LEAST_PER_S:
            return asked
        usual = self._settings(server, way, rate)
        planned = self._rows(server, 0)
        for sweep, settings, words in beside(usual, self.described.rules, planned):
            asked += 1
            self._run(asked, sweep, settings, words)
        return asked

    def _deploy(self, server: str, way: Way, belief: HeldRate, asked: int) -> int:
        """It is told to end while the load goes on."""
        rate = rounded(belief.median * DEPLOYED)
        if rate < LEAST_PER_S:
            return asked
        settings = self._settings(server, way, rate)
        settings = replace(settings, window_s=TOLD_AFTER_S, stop_s=STOP_S)
        self._run(asked + 1, DEPLOY, settings, "whether it can be deployed under load")
        return asked + 1

    def _start(self, server: str, way: Way, asked: int) -> int:
        """Watched, and loaded as fast as it can from its first right answer on."""
        closed = "keep_alive" if way.load == "open_loop" else "connection_per_request"
        settings = Settings(
            server=server,
            load=closed,
            active_connections=self.described.rules.connections,
            start_watched=True,
            warm_up_s=0.0,
            window_s=START_S,
        )
        self._run(asked + 1, START, settings, "how it starts")
        return asked + 1

    def _leak(self, server: str, asked: int) -> int:
        """Connections that come and go."""
        crowd = next((row for row in self._rows(server, 0) if row["sweep"] == CROWD), None)
        rate = rounded(((crowd and crowd["requests_per_s"]) or 0.0) * COME_AND_GO)
        if rate < LEAST_PER_S:
            return asked
        come = Way("open_connections", rate, WARM_UP_S[0])
        settings = replace(self._settings(server, come, rate), window_s=LEAK_S)
        self._run(asked + 1, LEAK, settings, "whether it leaks")
        return asked + 1

    def _habits(self, server: str, asked: int) -> int:
        """A client at a time, whatever it can do."""
        if not self.described.rules.habits_s:
            return asked
        settings = Settings(
            server=server,
            load="connection_per_request",
            active_connections=1,
            window_s=HABITS_WINDOW_S,
            habits_s=self.described.rules.habits_s,
        )
        self._run(asked + 1, HABITS, settings, "what habits it has")
        return asked + 1

    def _search(self, server: str, way: Way, asked: int) -> tuple[int, HeldRate]:
        """What it holds; and how many trials there are then."""
        limits, most = self.described.rules.limits, self.described.most
        for tried in range(most + 1):
            seen = seen_of(self._rows(server, asked), limits)
            belief = held_rate(way.guess_per_s, seen)
            rate = next_rate(way.guess_per_s, seen, most)
            if rate is None or tried == most:
                break
            so_far = f", {belief.low:,.0f} to {belief.high:,.0f}/s so far" if seen else ""
            asked += 1
            rate = min(max(rate, LEAST_PER_S), MOST_PER_S)
            self._run(asked, HOLDS, self._settings(server, way, rate), f"what it holds{so_far}")
        self.tell(f"{server} holds {belief.low:,.0f} to {belief.high:,.0f}/s: {tried} trials")
        return asked, belief

    def _settings(self, server: str, way: Way, rate_per_s: float) -> Settings:
        least, most = WARM_UP_S
        return Settings(
            server=server,
            load=way.load,
            active_connections=self.described.rules.connections
            if way.load == "open_loop"
            else self.described.rules.crowd,
            rate_per_s=rate_per_s,
            warm_up_s=round(min(max(way.warm_up_s, least), most), 1),
            window_s=SLOW_S if rate_per_s < SLOW_PER_S else WINDOW_S,
        )

    def _run(self, number: int, sweep: str, settings: Settings, words: str) -> None:
        """The trial of this number beyond the plan, unless it is recorded."""
        foreign = self.known.get(settings.server)
        if foreign:
            settings = left_to_it(settings)
        position = self.planned + number
        trial = Trial(Point(sweep, settings, foreign), 1, position, position)
        if unsettled(trial, self.store.recorded()) is None:
            return
        manifest = self.store.manifest()
        self.store.write_manifest({**manifest, "trials": max(manifest["trials"], position)})
        self.measure([trial], words)

    def _rows(self, server: str, asked: int) -> list[dict[str, Any]]:
        """Those of its trials that are in the plan, or among so many beyond it."""
        last = self.planned + asked
        rows = typed_rows(self.store)
        return [row for row in rows if row["server"] == server and row["position"] <= last]


def _surging(settings: Settings, surge_per_s: float) -> Settings:
    return replace(settings, surge_per_s=surge_per_s, surge_s=SURGE_S, window_s=SURGE_WINDOW_S)
