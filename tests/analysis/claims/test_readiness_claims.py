"""Claims 1 and 5, and what the report shows of trials without clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import analysis
from analysis.claims.judgement import Word
from analysis.claims.verdicts import Verdict, judge_all
from analysis.figures import readiness
from analysis.outcomes.limits_hit import limits_hit
from analysis.report.narrative import more
from analysis.report.report import build
from analysis.statistics.noise_floor import noise_floor
from tests.support.made_up_run import manifest, write_run
from tests.support.made_up_run import trials as with_clients
from tests.support.readiness_data import HELD, RING, WAIT, trials

if TYPE_CHECKING:
    from pathlib import Path


MANIFEST = {"experiment": "readiness", "claims": [1, 5], "figures": ["readiness"]}


def judged(folder: Path, frame: pd.DataFrame) -> dict[int, Verdict]:
    run = analysis.load(write_run(folder, frame, **MANIFEST))
    return {verdict.claim: verdict for verdict in judge_all(run)}


def slower(frame: pd.DataFrame, column: str, factor: float, **settings: object) -> pd.DataFrame:
    chosen = (frame[list(settings)] == list(settings.values())).all(axis=1)
    frame.loc[chosen, column] *= factor
    return frame


def test_plausible_records_reproduce(tmp_path: Path) -> None:
    found = judged(tmp_path, trials())
    assert {number: one.verdict for number, one in found.items()} == {
        1: Word.REPRODUCED,
        5: Word.REPRODUCED,
    }
    assert [part.decides for part in found[5].parts] == [True, True, True, False]
    assert "no interface at all" not in found[1].explanation


@pytest.mark.parametrize(
    ("number", "column", "factor", "settings"),
    [
        (1, "requests_per_s", 0.5, {"server": "epoll_level", "load": RING, "watched": 8_000}),
        (1, "requests_per_s", 0.5, {"server": "epoll_edge", "load": RING, "watched": 8_000}),
        (1, "requests_per_s", 100, {"server": "poll", "load": RING, "watched": 8_000}),
        (5, "wait_us", 3.0, {"server": "epoll_edge", "load": WAIT, "watched": 10_000}),
        (5, "wait_us", 0.1, {"server": "poll", "load": WAIT, "watched": 10_000}),
    ],
)
def test_records_that_refute(
    tmp_path: Path, number: int, column: str, factor: float, settings: dict[str, object]
) -> None:
    found = judged(tmp_path, slower(trials(), column, factor, **settings))
    assert found[number].verdict is Word.REFUTED
    assert found[6 - number].verdict is Word.REPRODUCED


def test_what_the_pipes_cost_by_themselves_is_said_when_epoll_slows(tmp_path: Path) -> None:
    slow = slower(trials(), "requests_per_s", 0.5, server="epoll_level", watched=8_000)
    told = judged(tmp_path, slow)[1].explanation
    assert "with no interface at all, took 1.00 µs a pass round 10 and 1.40 µs round" in told


def test_what_was_not_run_or_is_void_says_so(tmp_path: Path) -> None:
    found = judged(tmp_path / "a", trials().query("server != 'poll'"))
    assert found[1].verdict is Word.NOT_RUN
    assert "server poll" in found[1].explanation
    frame = trials()
    frame.loc[frame["server"] == "poll", ["validity", "reason"]] = ("void", "had only half a core")
    assert judged(tmp_path / "b", frame)[5].verdict is Word.INCONCLUSIVE


def test_two_blocks_cannot_tell(tmp_path: Path) -> None:
    found = judged(tmp_path, trials(blocks=2, noise=0.2))
    assert found[1].verdict is Word.INCONCLUSIVE


def test_a_wall_of_descriptors(tmp_path: Path) -> None:
    run = analysis.load(write_run(tmp_path, trials(), **MANIFEST))
    limits = limits_hit(run.trials)
    assert {(hit.server, hit.asked, hit.held, hit.of) for hit in limits} == {
        ("select", 8_000, HELD, "descriptors"),
        ("select", 10_000, HELD, "descriptors"),
    }


def test_a_wall_of_two_kinds_is_told_in_one_breath(tmp_path: Path) -> None:
    both = pd.concat([trials(), with_clients()], ignore_index=True)
    run = analysis.load(write_run(tmp_path, both, **MANIFEST))
    told = "Select could not go beyond 1,016 connections or 1,019 descriptors (FD_SETSIZE)."
    assert told in more(run)


def test_the_report_shows_both_measures_and_the_published_curves(tmp_path: Path) -> None:
    report = build(write_run(tmp_path, trials(), **MANIFEST))
    text = report.markdown.read_text(encoding="utf-8")
    assert report.notes == []
    assert "A wait for one of 10,000 descriptors took" in text
    assert text.count("could not go beyond 1,019 descriptors (FD\\_SETSIZE)") == 1
    picture = (tmp_path / "figures" / "readiness.svg").read_text(encoding="utf-8")
    assert picture.count("published") == 3  # epoll, poll, select: once each in the legend
    assert picture.count("without any wait") == 1
    run = analysis.load(tmp_path)
    assert set(readiness.table(run)["load"]) == {RING, WAIT}
    assert "One wait took" in readiness.reading(run)


def test_a_run_without_such_trials_has_no_such_figure(tmp_path: Path) -> None:
    report = build(write_run(tmp_path, with_clients(2), claims=[1]))
    assert report.verdicts[0].verdict is Word.NOT_RUN
    assert not (tmp_path / "figures" / "readiness.svg").exists()
    assert report.notes == []


def test_the_trials_of_others_are_not_mixed_in(tmp_path: Path) -> None:

    frame = pd.concat([with_clients(3), trials(3)], ignore_index=True)
    alone = analysis.load(write_run(tmp_path / "a", with_clients(3)))
    both = analysis.load(write_run(tmp_path / "b", frame))
    assert noise_floor(both.trials) == noise_floor(alone.trials)
    judged_alone, judged_both = ({v.claim: v for v in judge_all(run)} for run in (alone, both))
    for number in manifest()["claims"]:
        assert judged_both[number] == judged_alone[number]
