"""A time that was not seen to end, or that failures kept low, is no time: it keeps nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.checkup.answer import Value
from analysis.checkup.report import CheckUpReport, build
from analysis.checkup.thresholds import Word, judge
from contract.checkup.description import BEYOND, CLIENTS, CROWD, HOSTILE, LEAK, READERS
from contract.checkup.figures import NAMES
from contract.thresholds import parse
from tests.support.failing_check_ups import CheckedUp, checked_up
from tests.support.simulated_run import simulated_run
from tests.support.simulated_server import SimulatedServer

pytestmark = pytest.mark.usefixtures("without_pictures")

NEVER = {
    "beyond_recovers_s": (SimulatedServer(2_000, never_recovers=True), BEYOND, 9),
    "flood_recovers_s": (SimulatedServer(2_000, flooded_s=60.0), CLIENTS, 5.5),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check-ups")


def word(found: CheckedUp, limit: str) -> Word:
    (judged,) = judge([parse(limit, NAMES, "no figure")], found.answers, whole=True)
    return judged.word


def report(folder: Path, subject: SimulatedServer, rules: str) -> CheckUpReport:
    run = simulated_run(folder, subject, rules, beside=())
    run.go_on()
    made = build(run.store.folder)
    assert made
    return made


@pytest.mark.parametrize("figure", NEVER)
def test_who_never_recovers_takes_at_least_the_rest_of_the_window(
    tmp_path: Path, figure: str
) -> None:
    subject, question, rest = NEVER[figure]
    limits = f"'{figure} < {rest + 1:g}', '{figure} < {rest:g}', '{figure} > {rest - 1:g}'"
    rule = f"question: {question}, mark: breaks, when: {figure} > {rest + 1:g}, do: Mend it."
    rules = f"questions: [{question}]\nthresholds: [{limits}]\nmarks: [{{{rule}}}]"
    found = report(tmp_path, subject, rules).found
    assert [one.word for one in found.thresholds] == ["cannot tell", "not kept", "kept"]
    seen = found.thresholds[0].figure
    assert seen
    assert (seen.value, seen.low, seen.high, seen.interval) == (rest, rest, None, True)
    (mark,) = (one.mark for one in found.questions if one.question == question)
    assert mark == "not told", "a rule of more than was watched may apply"


def test_a_time_to_connect_that_is_a_lower_bound_keeps_nothing(folder: Path) -> None:
    cells = {"connect_max_us": 800_000, "lower_bounds": "connect_max_us", "unanswered": 3}
    found = checked_up(folder, cells, (CROWD,))
    assert found.answers[CROWD].figures["crowd_connect_max_s"] == Value(0.8, 0.8, None, True)
    assert "The longest time to connect is ≥ 800 ms" in found.words(CROWD)
    assert word(found, "crowd_connect_max_s < 1") == "cannot tell"
    assert word(found, "crowd_connect_max_s < 0.8") == "not kept"
    assert found.mark(CROWD) == "not told"


@pytest.mark.parametrize(("failed", "kept"), [(0.0, "kept"), (0.005, "kept"), (0.3, "cannot tell")])
def test_a_percentile_beside_which_more_failed_than_it_leaves_out_is_a_bound(
    folder: Path, failed: float, kept: Word
) -> None:
    cells = {"errors": 5_000, "error_share": failed, "error_kinds": "reset=5000"}
    found = checked_up(folder, cells, (CLIENTS, READERS, HOSTILE))
    assert word(found, "clients_p99_us < 50000") == kept


def test_a_bound_of_one_kind_may_be_worse_than_the_longest_time_of_another(folder: Path) -> None:
    """Who is turned away leaves the others quick."""
    cells = {"response_p99_us": 500, "errors": 5_000, "error_share": 0.3}
    found = checked_up(folder, {**cells, "error_kinds": "reset=5000"}, (READERS,))
    p99 = found.answers[CLIENTS].figures["clients_p99_us"]
    assert p99.value > 500
    assert p99.high is None
    assert word(found, "clients_p99_us < 50000") == "cannot tell"


@pytest.mark.parametrize(("errors", "told"), [(0, "wait is 400 ms"), (7, "wait is ≥ 400 ms")])
def test_the_longest_wait_is_a_bound_where_anything_failed(
    folder: Path, errors: int, told: str
) -> None:
    cells = {"response_max_us": 400_000, "errors": errors, "error_share": errors / 1_000}
    found = checked_up(folder, {**cells, "error_kinds": "reset=7"}, (BEYOND,))
    assert f"the longest {told}" in found.words(BEYOND)


def test_what_may_leak_keeps_no_limit_that_its_interval_reaches_beyond(folder: Path) -> None:
    """A server is told to leak what it does at least; a limit is kept by what it does at most."""
    found = checked_up(folder, {})
    leak = found.answers[LEAK].figures["leak_bytes"]
    assert leak.bounded
    assert leak.low == leak.value == 0
    assert leak.high
    assert word(found, f"leak_bytes < {leak.high * 2:.3f}") == "kept"
    assert word(found, f"leak_bytes < {leak.high / 2:.3f}") == "cannot tell"
    assert found.mark(LEAK) == "good"
    assert "its memory does not grow with them, or by at most " in found.words(LEAK)
