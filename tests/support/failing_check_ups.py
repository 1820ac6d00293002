"""What a check-up makes of failures, as docs/failures.md has it: of trials of a simulated server
that holds all limits, those of some questions are changed."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import analysis
from analysis.checkup.answer import Answer, ServerRows, rows_of
from analysis.checkup.answers.clients import KINDS
from analysis.checkup.questions import ask, mark
from analysis.checkup.thresholds import Word, judge
from analysis.records.details import details
from contract.checkup.description import CLIENTS, COST, CROWD, HOLDS, IDLE, LEAK, START, described
from contract.checkup.figures import NAMES
from contract.outcomes import VOID, not_measured
from contract.thresholds import parse
from tests.support.failing_records import Records
from tests.support.simulated_run import simulated_run
from tests.support.simulated_server import SimulatedServer

SERVER = "poll"
LIMITS = {
    CROWD: ("crowd_served_share > 0.9", "crowd_drops < 1"),
    CLIENTS: ("clients_served_share > 0.9", "clients_p99_us < 50000"),
    LEAK: ("leak_bytes < 200",),
    COST: ("cost_90_us < 1000",),
}
SWEEPS = tuple(dict.fromkeys((*LIMITS, *KINDS)))
"""Of those questions."""
SPOILED = "what happened"


@dataclass(frozen=True)
class CheckedUp:
    """The answers about the server."""

    asked: ServerRows
    answers: Mapping[str, Answer]

    def mark(self, question: str) -> str:
        return mark(self.answers[question], self.asked.about.rules)[0]

    def words(self, question: str) -> str:
        return self.answers[question].words

    def thresholds(self, question: str) -> set[Word]:
        """Of LIMITS."""
        wanted = [parse(text, NAMES, "no figure") for text in LIMITS[question]]
        return {one.word for one in judge(wanted, self.answers, whole=True)}


@cache
def _sound() -> Path:
    """The run of a check-up in which nothing went wrong, made once for all tests of a process."""
    folder = Path(tempfile.mkdtemp(prefix="c10k-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run = simulated_run(folder, SimulatedServer(2_000))
    run.go_on()
    return run.store.folder


def checked_up(
    folder: Path,
    cells: Mapping[str, Any],
    sweeps: Sequence[str] = (),
    some: Callable[[pd.DataFrame], pd.Series[bool]] | None = None,
) -> CheckedUp:
    """The same with these cells in the trials of some sweeps of the server, one that holds them, or
    in `some` of those; None empties one."""
    sound = _sound()
    changed = folder / f"c{len(list(folder.iterdir()))}"
    shutil.copytree(sound, changed)
    frame = pd.read_csv(changed / "trials.csv", dtype=object)
    mine = (frame["server"] == SERVER) & frame["sweep"].isin(sweeps)
    if some:
        mine &= some(frame)
        assert mine.any()
    for name, value in cells.items():
        frame.loc[mine, name] = None if value is None else str(value)
    frame.to_csv(changed / "trials.csv", index=False, lineterminator="\n")
    run = analysis.load(changed)
    about = described(run.manifest.raw)
    assert about
    rows = [row for row in rows_of(run) if row["server"] == SERVER]
    asked = ServerRows(about, SERVER, rows, lambda trial: details(run, trial))
    return CheckedUp(asked, ask(asked))


def with_idle_ones(frame: pd.DataFrame) -> pd.Series[bool]:
    """Trials in which there are idle connections."""
    return frame["idle_connections"].astype(float) > 0


def _spoiled(records: Records, sweeps: Sequence[str] = SWEEPS) -> CheckedUp:
    cause: Any = None if records.way == "unknown" else records.way
    cells: dict[str, Any] = {"validity": VOID, "spoiled_by": None, "reason": SPOILED}
    if cause:
        cells |= not_measured(cause)
    return checked_up(_folder(records), cells, sweeps)


def _folder(records: Records) -> Path:
    folder = records.folder / "check-ups"
    folder.mkdir(exist_ok=True)
    sound = checked_up(folder, {})
    assert {sound.mark(question) for question in LIMITS} == {"good"}
    assert {word for one in LIMITS for word in sound.thresholds(one)} == {"kept"}
    return folder


def breaks(records: Records) -> None:
    found = _spoiled(records)
    for question in LIMITS:
        assert found.mark(question) == "breaks"
        assert found.words(question).startswith("Not known: ")
        assert SPOILED in found.words(question)
        assert found.thresholds(question) == {"not kept"}


def breaks_and_tells_how_far(records: Records) -> None:
    breaks(records)
    went = {"idle_established": 4_000, "active_established": 8, "server_established": 4_008}
    cells: dict[str, Any] = {**not_measured("server_limit"), **went}
    cells["server_limit"] = "files: no more"
    found = checked_up(_folder(records), cells, (IDLE,), with_idle_ones)
    assert found.answers[IDLE].failed
    assert found.answers[IDLE].value("idle_held") == 4_008
    assert found.words(IDLE).startswith("It holds 4,008 of 10,008 connections: files: no more")
    assert found.mark(IDLE) == "look at this"


def is_not_told(records: Records) -> None:
    found = _spoiled(records)
    for question in LIMITS:
        assert found.mark(question) == "not told"
        assert SPOILED in found.words(question)
        assert found.thresholds(question) == {"cannot tell"}
    for kind in KINDS:
        one = _spoiled(records, (kind,))
        assert one.mark(CLIENTS) == "not told"
        assert f"it is not known: {SPOILED}." in one.words(CLIENTS)
        assert one.thresholds(CLIENTS) == {"cannot tell"}


def starved_breaks(records: Records) -> None:
    served = {"coverage": 0.95, "requests_per_s": 980, "reason": SPOILED}
    cells: dict[str, Any] = {**not_measured("server_starved"), **served}
    found = checked_up(_folder(records), cells, (CROWD, CLIENTS))
    for question in (CROWD, CLIENTS):
        assert found.mark(question) == "breaks"
        assert not found.words(question).startswith("Not known")
    p99 = found.answers[CLIENTS].figures["clients_p99_us"]
    assert (p99.bounded, p99.high) == (True, None)
    assert "p99 ≥ " in found.words(CLIENTS)


def errors_are_marked(records: Records) -> None:
    cells = {"errors": 5_000, "error_share": 0.3, "error_kinds": "reset=5000"}
    found = checked_up(_folder(records), cells, (CROWD, CLIENTS, COST))
    for question in (CROWD, CLIENTS):
        assert found.mark(question) == "look at this"
        assert "30% fail" in found.words(question)
    assert found.thresholds(CLIENTS) == {"kept", "cannot tell"}
    assert "p99 ≥ " in found.words(CLIENTS)
    assert found.mark(COST) == "breaks"
    assert "30% failed" in found.words(COST)
    assert found.thresholds(COST) == {"not kept"}
    unserved = checked_up(_folder(records), {**cells, "requests": 2_000}, (LEAK,))
    assert unserved.mark(LEAK) == "breaks"
    assert "2,000 were served; 30% failed" in unserved.words(LEAK)
    assert unserved.thresholds(LEAK) == {"not kept"}


def longer_times_are_not_told(records: Records) -> None:
    cells = {"unanswered": 60, "lower_bounds": "response_p99_us response_max_us"}
    found = checked_up(_folder(records), cells, (CLIENTS,))
    assert found.mark(CLIENTS) == "not told"
    assert "p99 ≥ " in found.words(CLIENTS)
    assert found.thresholds(CLIENTS) == {"kept", "cannot tell"}
    crowd = checked_up(_folder(records), {"lower_bounds": "connect_max_us"}, (CROWD,))
    assert crowd.mark(CROWD) == "not told"
    assert "The longest time to connect is ≥ " in crowd.words(CROWD)


def hanging_ones_are_not_held(records: Records) -> None:
    longer_times_are_not_told(records)
    hang = {"oldest_unanswered_us": 2_900_000, "lower_bounds": "response_max_us"}
    for unanswered, word in ((1, "good"), (600, "not told")):
        cells = {**hang, "unanswered": unanswered}
        found = checked_up(_folder(records), cells, (HOLDS,))
        assert found.mark(HOLDS) == word
        told = f"/s {unanswered:,} of " in found.words(HOLDS)
        assert told == (word == "not told")


def missing_figures_are_not_told(records: Records) -> None:
    folder = _folder(records)
    crowd = checked_up(folder, {"listen_drops": None}, (CROWD,))
    assert "could not be read" in crowd.words(CROWD)
    clients = checked_up(folder, {"response_p99_us": None}, (CLIENTS,))
    assert "p99 not known" in clients.words(CLIENTS)
    for found, question in ((crowd, CROWD), (clients, CLIENTS)):
        assert found.mark(question) == "not told"
        assert found.thresholds(question) == {"kept", "cannot tell"}
    everywhere = (
        (CLIENTS, KINDS, "after_fds"),
        (CLIENTS, KINDS, "after_rss_bytes"),
        (COST, (COST,), "server_cpu_us_per_request"),
        (IDLE, (IDLE,), "server_rss_bytes"),
        (START, (START,), "start_steady_s"),
    )
    for question, sweeps, column in everywhere:
        assert checked_up(folder, {column: None}, sweeps).mark(question) == "not told"
