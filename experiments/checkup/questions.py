"""The questions of a check-up whose trials depend on those before them, one server after the other,
or of two that are compared by turns.

What is asked next is decided by the records alone, so that a check-up which was stopped goes on
with the trial that it was at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, Final, TypeVar

from contract.checkup.description import (
    AFTER,
    ALL_ASKED,
    BESIDE_BAD,
    BEYOND,
    CLIENTS,
    COME_AND_GO,
    COST,
    COSTS,
    CROWD,
    DEPLOY,
    DEPLOYED,
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
from experiments.plan.hosts import Hosts
from experiments.plan.on_hosts import on_hosts
from experiments.plan.trials import Point, Trial, left_to_it
from experiments.records.attempts import unsettled
from experiments.records.run_folder import Store
from experiments.records.typed_rows import typed_rows

T = TypeVar("T")
LEAST_PER_S: Final = 1.0
"""A slower open loop asks nothing in a window."""
MOST_PER_S: Final = 1_000_000.0
WARM_UP_S: Final = (1.0, 5.0)
"""The least and the most before a window; a fresh server has not long been itself."""
LEAK_S: Final = 15.0
HABITS_WINDOW_S: Final = 0.5
"""Window of the trial whose load says nothing; its server is asked after it."""
TOLD_AFTER_S: Final = 1.0
STOP_S: Final = 3.0
"""The load of a server goes on so long after it was told to end."""
START_S: Final = 6.0
"""Seconds of load, in twentieths of which its rate is known."""
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
class Step:
    """A trial beyond the plan: its sweep, what it is run with, and what it is to tell; whether all
    rounds but the first leave it out."""

    sweep: str
    settings: Settings
    words: str
    once: bool = False


@dataclass(frozen=True, slots=True)
class CheckUp:
    """A run whose plan is done. `described` says what is asked; `known` are the servers of others,
    by name, `hosts` the machines, if there are several; `recorded` are its trials as it goes on.
    `measure` runs trials, for what the words say; `tell` says a line."""

    described: Described
    known: dict[str, Foreign]
    hosts: Hosts | None
    store: Store
    recorded: Mapping[str, bool]
    planned: int
    measure: Callable[[list[Trial], str], object]
    tell: Callable[[str], None]

    def ask_all(self) -> None:
        """Ask all servers. Raises LabError where no more can be measured."""
        if ALL_ASKED in self.store.manifest():
            return
        asked = 0
        for group in self.described.groups:
            asked = self._ask(group, asked)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = self.store.manifest()
        self.store.write_manifest({**manifest, "trials": self.planned + asked, ALL_ASKED: now})

    def _ask(self, group: Sequence[str], asked: int) -> int:
        """All questions of these servers, trial by trial, after so many trials; returns how many
        that are then."""
        ways = {server: way_of(self._rows(server, 0)) for server in group}
        for server in (one for one, way in ways.items() if way is None):
            self.tell(f"{server}: it served nobody as fast as it can; what it holds is not asked")
        served = {server: way for server, way in ways.items() if way}
        asked, beliefs = self._search(served, asked) if self._asks(HOLDS) else (asked, {})
        rates = [one.median for one in beliefs.values()] or [0.0]
        steps = [
            list(self._steps(server, way, min(rates), max(rates))) for server, way in served.items()
        ]
        for round_ in range(1, self.described.rounds + 1):
            for number, some in enumerate(zip_longest(*steps), round_):
                for step in turned(some, number):
                    if step is not None and not (step.once and round_ > 1):
                        asked += 1
                        self._run(asked, step, round_)
        return asked

    def _steps(self, server: str, way: Way, slowest: float, fastest: float) -> Iterator[Step]:
        """What is asked of a server once it is known what all of its group hold, requests a second:
        the `slowest` and the `fastest`. Servers that are compared get one load."""
        alone = (BESIDE_BAD,) if self._asks(CLIENTS) else ()  # their memory without bad clients
        for share in COSTS if self._asks(COST) else alone:
            rate = rounded(slowest * share)
            if LEAST_PER_S <= rate <= MOST_PER_S:
                settings = self._settings(server, way, rate)
                yield Step(COST, settings, f"what a request costs at {share:.0%}")
        rate, surge = rounded(slowest * AFTER), rounded(fastest * OVERLOAD)
        if self._asks(BEYOND) and rate >= LEAST_PER_S and surge <= MOST_PER_S:
            settings = _surging(self._settings(server, way, rate), surge)
            yield Step(BEYOND, settings, "what happens beyond it")
        if self._asks(CLIENTS):
            yield from self._clients(server, way, slowest)
        if self._asks(DEPLOY):
            yield from self._deploy(server, way, slowest)
        if self._asks(START):
            yield self._start(server, way)
        if self._asks(LEAK):
            yield from self._leak(server)
        if self._asks(HABITS):
            yield from self._habits(server)

    def _asks(self, question: str) -> bool:
        """Each is called like the sweep of its trials, or of the first of them."""
        return question in self.described.rules.questions

    def _clients(self, server: str, way: Way, held_per_s: float) -> Iterator[Step]:
        """Good clients beside bad ones."""
        rate = rounded(held_per_s * BESIDE_BAD)
        if rate < LEAST_PER_S:
            return
        usual = self._settings(server, way, rate)
        planned = self._rows(server, 0)
        for sweep, settings, words in beside(usual, self.described.rules, planned):
            yield Step(sweep, settings, words)

    def _deploy(self, server: str, way: Way, held_per_s: float) -> Iterator[Step]:
        """It is told to end while the load goes on."""
        rate = rounded(held_per_s * DEPLOYED)
        if rate < LEAST_PER_S:
            return
        settings = self._settings(server, way, rate)
        settings = replace(settings, window_s=TOLD_AFTER_S, stop_s=STOP_S)
        yield Step(DEPLOY, settings, "whether it can be deployed under load")

    def _start(self, server: str, way: Way) -> Step:
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
        return Step(START, settings, "how it starts")

    def _leak(self, server: str) -> Iterator[Step]:
        """Connections that come and go."""
        crowd = next((row for row in self._rows(server, 0) if row["sweep"] == CROWD), None)
        rate = rounded(((crowd and crowd["requests_per_s"]) or 0.0) * COME_AND_GO)
        if rate < LEAST_PER_S:
            return
        come = Way("open_connections", rate, WARM_UP_S[0])
        settings = replace(self._settings(server, come, rate), window_s=LEAK_S)
        yield Step(LEAK, settings, "whether it leaks")

    def _habits(self, server: str) -> Iterator[Step]:
        """A client at a time, whatever it can do."""
        if not self.described.rules.habits_s:
            return
        settings = Settings(
            server=server,
            load="connection_per_request",
            active_connections=1,
            window_s=HABITS_WINDOW_S,
            habits_s=self.described.rules.habits_s,
        )
        yield Step(HABITS, settings, "what habits it has", once=True)

    def _search(self, ways: dict[str, Way], asked: int) -> tuple[int, dict[str, HeldRate]]:
        """What each of them holds; and how many trials there are then."""
        limits, most = self.described.rules.limits, self.described.most
        beliefs, tried = dict[str, HeldRate](), dict.fromkeys(ways, 0)
        for number in range(most + 1):
            for server in turned([one for one in ways if one not in beliefs], number):
                way = ways[server]
                seen = seen_of(self._rows(server, asked), limits)
                belief = held_rate(way.guess_per_s, seen)
                rate = next_rate(way.guess_per_s, seen, most)
                if rate is None or tried[server] == most:
                    beliefs[server] = belief
                    told = f"{belief.low:,.0f} to {belief.high:,.0f}/s"
                    self.tell(f"{server} holds {told}: {tried[server]} trials")
                    continue
                so_far = f", {belief.low:,.0f} to {belief.high:,.0f}/s so far" if seen else ""
                asked, tried[server] = asked + 1, tried[server] + 1
                rate = min(max(rate, LEAST_PER_S), MOST_PER_S)
                settings = self._settings(server, way, rate)
                self._run(asked, Step(HOLDS, settings, f"what it holds{so_far}"))
        return asked, beliefs

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

    def _run(self, number: int, step: Step, round_: int = 1) -> None:
        """The trial of this number beyond the plan, unless it is recorded."""
        settings, foreign = step.settings, self.known.get(step.settings.server)
        if foreign:
            settings = left_to_it(settings)
        settings = on_hosts(self.hosts, step.sweep, settings)
        position = self.planned + number
        trial = Trial(Point(step.sweep, settings, foreign), round_, position, position)
        if unsettled(trial, self.recorded) is None:
            return
        manifest = self.store.manifest()
        self.store.write_manifest({**manifest, "trials": max(manifest["trials"], position)})
        self.measure([trial], step.words)

    def _rows(self, server: str, asked: int) -> list[dict[str, Any]]:
        """Those of its trials that are in the plan, or among so many beyond it."""
        last = self.planned + asked
        rows = typed_rows(self.store)
        return [row for row in rows if row["server"] == server and row["position"] <= last]


def _surging(settings: Settings, surge_per_s: float) -> Settings:
    return replace(settings, surge_per_s=surge_per_s, surge_s=SURGE_S, window_s=SURGE_WINDOW_S)


def turned(group: Sequence[T], number: int) -> Sequence[T]:
    """The same in the other order at every second number: of two servers A and B the trials are A,
    B, B, A and so on, so that a machine that grows slower does it to both."""
    return group if number % 2 else group[::-1]
