"""A server whose limits are known, and what trials of it would have recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random
from typing import Any

from contract.checkup.description import (
    CLIENTS,
    CROWD,
    DEPLOY,
    FLOOD,
    FLOOD_ENDS_S,
    HABITS,
    HOSTILE,
    LEAK,
    READERS,
    START,
)
from contract.outcomes import not_measured
from contract.reasons import CLOSES_EACH, closes_idle
from contract.result.distribution import Distribution
from contract.result.habits import Habits
from contract.result.stop import Ending, Stopped
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from experiments.plan.trials import Trial
from experiments.records.columns.stop import stop_columns
from experiments.records.row_contract import Row
from loadgen.engine.recorder import to_histogram
from loadgen.engine.summary import encode
from tests.support.results import a_result, a_sample, a_second
from tests.support.seen_habits import good_habits

COST_US = 300.0
RSS_BYTES = 12_000_000
BAD = (CLIENTS, READERS, HOSTILE, FLOOD)


@dataclass
class SimulatedServer:
    """It holds so many requests a second, by `noise` more or fewer in each trial (a share), and
    keeps connections if it `stays`; of a crowd so many connections are dropped."""

    holds_per_s: float = 2_000.0
    noise: float = 0.0
    stays: bool = True
    drops: int = 0
    never_recovers: bool = False
    leaks_bytes: int = 0
    """Of each connection that comes and goes; a descriptor for each 1,000 bytes."""
    closes_idle_s: float = 0.0
    workers: int = 0
    """Of a pool, each for one connection; 0: it is none."""
    spoiled: bool = False
    """Every trial of it, by other programs."""
    suffers: float = 0.0
    """Share of the good clients' requests that bad ones cost."""
    suffers_from: str = CLIENTS
    """Which kind does."""
    keeps_fds: int = 0
    """Descriptors that stay when bad clients have gone."""
    memory_times: float = 1.0
    """Its memory then, beside that without them."""
    hangs_after: str = ""
    """The kind after which it answers nobody."""
    flooded_s: float = 0.0
    """How long its times are beyond the limit after a flood."""
    habits: Habits = field(default_factory=good_habits)
    unfinished: int = 0
    """Requests that it had as it was told to end, and did not finish, of 10."""
    hangs: int = 0
    """Of the others, those without an answer as the load ends."""
    loses: int = 0
    """Of those that were sent to it afterwards."""
    ends_s: float | None = 0.4
    """After it was told to; None: not by itself."""
    deaf_s: float = 0.1
    """From listening to its first right answer."""
    steady_s: float = 0.0
    """Of load, until its rate is what it will be."""
    load_per_s: float = math.inf
    """What the load can send."""
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - a simulation

    def row(self, trial: Trial) -> Row:
        """What a trial records."""
        settings = trial.point.settings
        row: Row = {
            "experiment": "checkup",
            "run": "run-1",
            "trial": trial.id,
            "point": trial.point.name,
            "sweep": trial.point.sweep,
            "block": trial.block,
            "position": trial.position,
            "repeat": trial.repeat,
            "attempt": 1,
            "origin": "lab",
            "started_at": "2026-01-01T12:00:00+00:00",
            **settings.recorded,
        }
        if self.spoiled:
            reason = "other programs used 1.5 cores in the window"
            return row | {"outcome": "failed", "reason": reason, **not_measured("surroundings")}
        if not self.stays and not settings.connecting:
            reason = f"verification failed: {CLOSES_EACH[0]}"
            return row | {"outcome": "failed", "reason": reason, **not_measured("server_wrong")}
        if self.closes_idle_s and settings.idle_connections:
            closes = closes_idle("idle connections", f"{self.closes_idle_s:g} s")
            reason = f"{closes}; only 0 left"
            return row | {"outcome": "failed", "reason": reason, **not_measured("server_wrong")}
        asked = settings.active_connections + settings.idle_connections
        if self.workers and not settings.connecting and asked > self.workers:
            reason = f"only {self.workers} were served; its log ends: listening"
            gauges = {"active_established": 0, "idle_established": self.workers}
            starved = not_measured("server_starved")
            return row | {"outcome": "failed", "reason": reason, **gauges, **starved}
        row |= {"outcome": "completed", "errors": 0, "error_share": 0.0, "coverage": 1.0}
        row |= {"server_cpu_us_per_request": COST_US, "server_rss_idle_bytes": 10_000_000}
        row |= {"server_rss_bytes": RSS_BYTES, "server_processes": 1}
        row |= {
            "listen_drops": 0,
            "accept_queue_max": 3,
            "accept_queue_limit": 128,
            "connect_max_us": 900.0,
        }
        held = self.holds_per_s * math.exp(self.random.gauss(0, self.noise))
        if settings.rate_per_s is None:
            row |= self._closed(trial, held)
        else:
            row |= self._open(trial, settings.rate_per_s, held)
        if trial.point.sweep in BAD:
            row |= self._afterwards(trial)
        if trial.point.sweep == DEPLOY:
            row |= stop_columns(self._told_to_end(settings))
        if trial.point.sweep == START:
            row |= {"start_listening_s": 0.2, "start_answered_s": 0.2 + self.deaf_s}
            row["start_steady_s"] = self.steady_s
        row["requests"] = round(row["requests_per_s"] * settings.window_s)
        row["voluntary_switches"] = row["context_switches"] = row["requests"]
        return row

    def result(self, trial: Trial) -> TrialResult | None:
        """The seconds of a trial with a surge: what piles up in it is served after it."""
        settings = trial.point.settings
        if trial.point.sweep == LEAK:
            return self._come_and_go(settings)
        if trial.point.sweep == HABITS:
            return a_result(habits=self.habits)
        if trial.point.sweep == FLOOD:
            return self._flooded(settings)
        if trial.point.sweep == DEPLOY:
            return self._told_to_end(settings)
        if not settings.surge_per_s or settings.rate_per_s is None:
            return None
        seconds, piled = [], 0.0
        for second in range(round(settings.window_s)):
            surging = second < settings.surge_s
            due = settings.surge_per_s if surging else settings.rate_per_s
            us = 1e6 * piled / self.holds_per_s + 2_000
            served = min(due + piled, self.holds_per_s)
            if self.never_recovers and piled:
                served = due
            piled += due - served
            seconds.append(a_second(float(second), requests=round(served), response_p99_us=us))
        return a_result(trial=trial.id, series=tuple(seconds))

    def _told_to_end(self, settings: Settings) -> TrialResult:
        """Answers take 2 ms, and those of 30 requests more 90 ms; what is due after 0.1 s is
        refused."""
        times = to_histogram({2_000: 200, 90_000: 30})
        rate = settings.rate_per_s or 0.0
        stopped = Stopped(
            told_ns=0,
            had=10,
            had_lost=self.unfinished,
            came=round(rate * 0.1),
            came_lost=self.loses,
            under_way=self.hangs,
            unsent_ms={str(ms): 1 for ms in range(100, round(settings.stop_s * 1_000))},
            response=Distribution(histogram=encode(times)),
            had_under_way=self.hangs or None,
            under_way_ms={str(round(settings.stop_s * 1_000)): self.hangs} if self.hangs else None,
        )
        ending = None if self.ends_s is None else Ending(after_s=self.ends_s, exit_code=0)
        return a_result(stopped=stopped, ending=ending)

    def _come_and_go(self, settings: Settings) -> TrialResult:
        """A sample a second; a fresh server fills its pools at first."""
        times = range(round(settings.window_s) + 1)
        labels = ["open", *["second"] * (len(times) - 2), "close"]
        samples = []
        for second, label in zip(times, labels, strict=True):
            came = (settings.rate_per_s or 0.0) * second
            grown = 3_000_000 * min(second, 3) + self.random.randrange(4) * 4_096
            stays = round(came * self.leaks_bytes)
            rss, fds = 10_000_000 + grown + stays, 20 + stays // 1_000
            samples.append(a_sample(label, float(second), 0.0, rss_bytes=rss, fds=fds))
        return a_result(samples=tuple(samples))

    def _flooded(self, settings: Settings) -> TrialResult:
        """A second at a time; late until it has recovered."""
        rate = settings.rate_per_s or 0.0
        suffers = self.suffers if self.suffers_from == FLOOD else 0.0
        seconds = []
        for second in range(round(settings.window_s)):
            flooded = second + 1 <= FLOOD_ENDS_S
            late = second < FLOOD_ENDS_S + self.flooded_s
            us = 900_000.0 if late and self.flooded_s else 2_000.0
            served = rate * (1 - suffers) if flooded else rate
            seconds.append(a_second(float(second), requests=round(served), response_p99_us=us))
        return a_result(series=tuple(seconds))

    def _afterwards(self, trial: Trial) -> dict[str, Any]:
        """When bad clients have gone."""
        if trial.point.sweep == self.hangs_after:
            reason = "the server gave no right answer within 10 s after the bad clients had gone"
            return {"reason": reason, **not_measured("server_wrong")}
        return {
            "after_answered_s": 0.002,
            "after_fds": self.keeps_fds,
            "after_rss_bytes": round(RSS_BYTES * self.memory_times),
        }

    def _closed(self, trial: Trial, held: float) -> dict[str, Any]:
        idle = trial.point.settings.idle_connections
        found: dict[str, Any] = {"validity": "server_bound", "requests_per_s": held}
        found |= {"response_p99_us": 30_000.0, "server_cpu_share": 1.0}
        found |= {"active_established": trial.point.settings.active_connections}
        found |= {"idle_established": idle, "server_rss_bytes": 10_000_000 + 2_000 * idle}
        found |= {"kernel_slab_idle_bytes": 10**8, "kernel_slab_bytes": 10**8 + 3_000 * idle}
        if trial.point.sweep == CROWD:
            found["listen_drops"] = self.drops
        return found

    def _open(self, trial: Trial, rate: float, held: float) -> dict[str, Any]:
        if max(rate, trial.point.settings.surge_per_s or 0.0) > self.load_per_s:
            lag = {"response_p99_us": 90_000.0, "validity": "generator_bound"}
            return {**lag, "requests_per_s": self.load_per_s, "server_cpu_share": 0.4}
        if rate <= held:
            if trial.point.sweep == self.suffers_from and self.suffers:
                row = {"response_p99_us": 3e6, "validity": "unsaturated", "server_cpu_share": 0.1}
                return {**row, "requests_per_s": rate * (1 - self.suffers)}
            us = 1_000 + 10_000 * (rate / held) ** 8
            calm = {"response_p99_us": us, "validity": "unsaturated", "requests_per_s": rate}
            return {**calm, "server_cpu_share": 0.95 * rate / held}
        full = {"response_p99_us": 400_000.0, "validity": "server_bound"}
        return {**full, "requests_per_s": held, "server_cpu_share": 1.0}
