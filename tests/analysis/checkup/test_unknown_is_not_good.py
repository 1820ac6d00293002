"""An answer is not good where what might speak against the server is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.checkup.answers.clients import KINDS
from analysis.checkup.figures import cost_picture
from analysis.checkup.report import CheckUpReport, build
from contract.checkup.description import BEYOND, CLIENTS, COST, DEPLOY, HOLDS, IDLE, LEAK, START
from contract.checkup.figures import QUESTION_NAMES
from contract.exits import Exit
from contract.outcomes import not_measured
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from tests.support.failing_check_ups import SPOILED, checked_up
from tests.support.simulated_run import simulated_run
from tests.support.simulated_server import SimulatedServer

pytestmark = pytest.mark.usefixtures("without_pictures")

VOID: Mapping[str, Any] = {**not_measured("surroundings"), "reason": SPOILED}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check-ups")


def slowest(frame: pd.DataFrame) -> pd.Series[bool]:
    """The trial nearly idle, of those whose cost is asked."""
    rates = frame["rate_per_s"].astype(float)
    return rates == rates[frame["sweep"] == COST].min()


def alone(frame: pd.DataFrame) -> pd.Series[bool]:
    """The busy connections without idle ones."""
    return frame["idle_connections"].astype(float) == 0


def asked(folder: Path, subject: SimulatedServer, question: str, more: str = "") -> CheckUpReport:
    rules = f"questions: [{question}]\n{more}"
    run = simulated_run(folder, subject, rules, beside=())
    run.go_on()
    made = build(run.store.folder)
    assert made
    return made


def mark(made: CheckUpReport, question: str) -> str:
    return next(one.mark for one in made.found.questions if one.question == question)


def words(made: CheckUpReport, question: str) -> str:
    return next(one.answer.answer for one in made.found.questions if one.question == question)


def test_where_all_is_known_every_answer_is_good(folder: Path) -> None:
    found = checked_up(folder, {})
    others = [name for name in QUESTION_NAMES if name != DEPLOY]  # some of its answers are late
    assert {found.mark(name) for name in others} == {"good"}


@pytest.mark.parametrize(
    ("question", "sweeps", "some", "cells", "told"),
    [
        (CLIENTS, (COST,), None, VOID, "how its memory is beside that without them is not known"),
        (CLIENTS, KINDS, None, {"after_rss_bytes": None}, "how its memory is beside that"),
        (CLIENTS, KINDS, None, {"after_fds": None}, "how many descriptors stay open is not known"),
        (COST, (COST,), slowest, VOID, f"/s it is not known: {SPOILED}."),
        (COST, (COST,), slowest, {"server_cpu_us_per_request": None}, "an unknown amount at 1%"),
        (COST, (COST,), None, {"server_cpu_us_per_request": None}, "an unknown amount at 90%"),
        (IDLE, (IDLE,), alone, VOID, f"do to the busy ones is not known: {SPOILED}"),
        (IDLE, (IDLE,), None, {"server_rss_bytes": None}, "How much memory each takes could not"),
        (START, (START,), None, {"start_steady_s": None}, "It listens "),
        (HOLDS, (HOLDS,), None, {"server_cpu_share": None}, "requests a second"),
    ],
)
def test_a_figure_that_a_rule_is_about_and_that_is_missing_is_not_good(
    folder: Path,
    question: str,
    sweeps: tuple[str, ...],
    some: Callable[[pd.DataFrame], pd.Series[bool]] | None,
    cells: Mapping[str, Any],
    told: str,
) -> None:
    found = checked_up(folder, cells, sweeps, some)
    assert found.mark(question) == "not told"
    assert told in found.words(question)


def test_what_is_worse_already_stays_so_whatever_is_missing(folder: Path) -> None:
    cells = {"after_fds": None, "response_p99_us": 90_000}
    assert checked_up(folder, cells, KINDS).mark(CLIENTS) == "look at this"


def test_a_picture_leaves_out_a_cost_that_could_not_be_read(folder: Path) -> None:
    cells = {"server_cpu_us_per_request": None}
    some = cost_picture([checked_up(folder, cells, (COST,), slowest).asked])
    assert some
    assert len(some.panels[0].series[0].x) == 3
    assert cost_picture([checked_up(folder, cells, (COST,)).asked]) is None


def test_busy_ones_that_a_server_failed_alone_break(folder: Path) -> None:
    cells = {**not_measured("server_gone"), "reason": SPOILED}
    found = checked_up(folder, cells, (IDLE,), alone)
    assert found.mark(IDLE) == "breaks"
    assert SPOILED in found.words(IDLE)


class Closed(SimulatedServer):
    """Its processes do not show their descriptors."""

    def _come_and_go(self, settings: Settings) -> TrialResult:
        found = super()._come_and_go(settings)
        return replace(found, samples=tuple(replace(one, fds=0) for one in found.samples))


def test_descriptors_that_could_not_be_read_may_leak(tmp_path: Path) -> None:
    made = asked(tmp_path, Closed(2_000), LEAK)
    assert "how many descriptors it has open could not be read" in words(made, LEAK)
    assert mark(made, LEAK) == "not told"


def test_an_overload_that_the_load_could_not_make_is_not_passed(tmp_path: Path) -> None:
    made = asked(tmp_path, SimulatedServer(40_000, load_per_s=30_000), BEYOND)
    assert "the load could not keep this rate" in words(made, BEYOND)
    assert mark(made, BEYOND) == "not told"
    assert mark(made, HOLDS) == "good"


@pytest.mark.parametrize(
    ("question", "subject", "more"),
    [
        pytest.param(IDLE, SimulatedServer(2_000, closes_idle_s=2.0), "", id="closes idle ones"),
        pytest.param(IDLE, SimulatedServer(2_000, stays=False), "", id="keeps none"),
        pytest.param(COST, SimulatedServer(60), "", id="1% is less than a request a second"),
        pytest.param(CLIENTS, SimulatedServer(2_000), "flood_descriptors: 0", id="no flood"),
        pytest.param(
            CLIENTS,
            SimulatedServer(2_000),
            "slow_writers: 0\nvanishing_per_s: 0\nslow_readers: 0\nhostile_per_s: 0",
            id="a flood alone",
        ),
    ],
)
def test_figures_that_cannot_be_are_not_missing(
    tmp_path: Path, question: str, subject: SimulatedServer, more: str
) -> None:
    made = asked(tmp_path, subject, question, more)
    assert mark(made, question) == "good"
    assert made.exit is Exit.OK


def test_a_rate_that_is_known_is_known_without_the_share_of_the_core(tmp_path: Path) -> None:
    """The mark says that something is not told; the exit code is about the rate."""
    run = simulated_run(tmp_path, SimulatedServer(2_000), beside=(), asked=HOLDS)
    run.go_on()
    path = run.store.folder / "trials.csv"
    frame = pd.read_csv(path, dtype=object)
    frame.loc[frame["sweep"] == HOLDS, "server_cpu_share"] = None
    frame.to_csv(path, index=False, lineterminator="\n")
    made = build(run.store.folder)
    assert made
    assert (mark(made, HOLDS), made.exit) == ("not told", Exit.OK)
