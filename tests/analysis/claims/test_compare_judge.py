"""Trials by exact settings, and the judge that compares their figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import analysis
from analysis.claims.claim import Claim
from analysis.claims.judgement import NotRunError, Word
from analysis.claims.verdicts import Verdict, judge
from analysis.selection.by_settings import select
from analysis.wording import TIMES
from contract.columns import COLUMNS, NAMES, SETTINGS
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contract.settings.trial import Settings

RATE = ("requests_per_s",)
Rows = list[dict[str, Any]]
CLAIM: dict[str, Any] = {
    "id": 99,
    "title": "t",
    "sentence": "s",
    "source": {"name": "n"},
    "published": {"text": "p"},
    "experiment": "smoke",
    "expression": "e",
    "judge": "compare",
    "bound": {"min": 2, "text": "at least twice"},
    "unit": "x",
    "why": "w",
    "refuted_because": {"text": "That is why."},
}
PART = {
    "label": "poll over epoll",
    "figure": "requests_per_s",
    "of": {"server": "poll"},
    "over": {"server": "epoll_level"},
    "unit": "x",
}


def told(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in SETTINGS}


def claim(**changes: Any) -> Claim:
    parameters = {"parts": {"ratio": PART}, "sentence": "poll answered {ratio}."}
    return Claim.model_validate({**CLAIM, "parameters": parameters, **changes})


def with_part(**changes: Any) -> Claim:
    part = {key: value for key, value in {**PART, **changes}.items() if value is not None}
    return claim(parameters={"parts": {"ratio": part}, "sentence": "it was {ratio}."})


def rows(blocks: int = 5, **values: Any) -> Rows:
    """One trial a block with these settings and figures, the usual settings besides."""
    return [{"block": block, **values} for block in range(1, blocks + 1)]


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[..., analysis.Run]:
    def write(*parts: Rows, **changes: Any) -> analysis.Run:
        found = [row for part in parts for row in part]
        base = made.one_row()
        whole = []
        for place, row in enumerate(found):
            own = {**base, **told(made.USUAL), "repeat": row["block"]}
            own |= {"trial": f"t{place}", "point": f"p{place}", "sweep": "s", "position": place + 1}
            whole.append({**own, **row})
        numbers = {column.name: "Int64" for column in COLUMNS if column.kind == "int"}
        frame = pd.DataFrame(whole).reindex(columns=list(NAMES)).astype(numbers)
        return analysis.load(made.write_run(tmp_path, frame, **changes))

    return write


def verdict(claim: Claim, run: analysis.Run) -> Verdict:
    return judge(claim, run)


FAST = rows(server="poll", requests_per_s=3000.0)
SLOW = rows(server="epoll_level", requests_per_s=1000.0)


def test_a_ratio_is_taken_between_selections(run_of: Callable[..., analysis.Run]) -> None:
    found = verdict(claim(), run_of(FAST, SLOW))
    assert found.verdict is Word.REPRODUCED
    assert found.measured == pytest.approx(3)
    assert found.n == 5
    assert found.explanation == f"Poll answered 3{TIMES}."


def test_a_ratio_outside_is_refuted(run_of: Callable[..., analysis.Run]) -> None:
    assert verdict(claim(), run_of(SLOW, rows(server="poll", requests_per_s=1500.0))).verdict is (
        Word.REFUTED
    )


def test_pairs_are_of_one_block(run_of: Callable[..., analysis.Run]) -> None:
    """A machine that gets slower from block to block does not blur the ratio."""
    fast = [{**row, "requests_per_s": 3000.0 / row["block"]} for row in FAST]
    slow = [{**row, "requests_per_s": 1000.0 / row["block"]} for row in SLOW]
    found = verdict(claim(), run_of(fast, slow))
    assert found.low == pytest.approx(3)
    assert found.high == pytest.approx(3)


@pytest.mark.parametrize("blocks", [1, 4])
def test_fewer_than_five_repeats_decide_nothing(
    run_of: Callable[..., analysis.Run], blocks: int
) -> None:
    run = run_of(
        rows(blocks, server="poll", requests_per_s=3000.0),
        rows(blocks, server="epoll_level", requests_per_s=1000.0),
    )
    assert verdict(claim(), run).verdict is Word.INCONCLUSIVE


UNUSUAL: dict[str, Any] = {
    "active_connections": 65,
    "path": "/db/10",
    "nodelay": True,
    "rate_per_s": 10.0,
    "workers": 2,
    "traced": True,
    "somaxconn": 128,
    "network": "bridge",
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_not_named_is_as_usual(run_of: Callable[..., analysis.Run], name: str) -> None:
    """A trial that differs in a setting of which the claim says nothing is another trial."""
    odd = rows(server="poll", requests_per_s=9.0, **{name: UNUSUAL[name]})
    run = run_of(FAST, odd)
    assert set(select(run, {"server": "poll"}, RATE)["requests_per_s"]) == {3000.0}
    chosen = select(run, {"server": "poll", name: UNUSUAL[name]}, RATE)
    assert set(chosen["requests_per_s"]) == {9.0}


def test_a_setting_that_no_trial_has_as_usual_leaves_none(
    run_of: Callable[..., analysis.Run],
) -> None:
    run = run_of(rows(server="poll", requests_per_s=9.0, workers=2))
    assert not len(select(run, {"server": "poll"}, RATE))
    assert len(select(run, {"server": "poll", "workers": 2}, RATE)) == 5


def test_what_is_usual_is_the_run_s_to_say(run_of: Callable[..., analysis.Run]) -> None:
    usual = told(replace(made.USUAL, network="bridge"))
    run = run_of(FAST, rows(server="poll", requests_per_s=9.0, network="bridge"), usual=usual)
    assert set(select(run, {"server": "poll"}, RATE)["requests_per_s"]) == {9.0}


def test_a_run_that_does_not_say_what_is_usual_is_not_judged(
    run_of: Callable[..., analysis.Run],
) -> None:
    run = run_of(FAST, SLOW, usual={})
    with pytest.raises(NotRunError, match="manifest"):
        select(run, {"server": "poll"})
    assert verdict(claim(), run).verdict is Word.NOT_RUN


def test_without_one_side_it_is_not_run(run_of: Callable[..., analysis.Run]) -> None:
    found = verdict(claim(), run_of(FAST))
    assert found.verdict is Word.NOT_RUN
    assert "server epoll (level)" in found.explanation


def test_only_void_trials_leave_it_open_and_count_the_reasons(
    run_of: Callable[..., analysis.Run],
) -> None:
    void = rows(server="epoll_level", validity="void", reason="worker lost")
    found = verdict(claim(), run_of(FAST, void))
    assert found.verdict is Word.INCONCLUSIVE
    assert "worker lost: 5" in found.explanation


def test_what_the_machine_lacks_is_not_run(run_of: Callable[..., analysis.Run]) -> None:
    reason = "the server ended with exit code 3 io_uring is not allowed here"
    found = verdict(
        claim(), run_of(FAST, rows(server="epoll_level", validity="void", reason=reason))
    )
    assert found.verdict is Word.NOT_RUN
    assert "io_uring is not allowed here" in found.explanation


def test_silence_counts_as_nothing_where_the_claim_says_so(
    run_of: Callable[..., analysis.Run],
) -> None:
    silent = rows(server="poll", validity="void", reason="no response came", requests_per_s=700.0)
    run = run_of(silent, SLOW)
    assert verdict(with_part(max=0.1), run).verdict is Word.INCONCLUSIVE
    assert verdict(with_part(max=0.1, zero_if="no response"), run).verdict is Word.REPRODUCED
    assert verdict(with_part(max=0.1, zero_if="worker lost"), run).verdict is Word.INCONCLUSIVE


def test_the_largest_over_the_smallest(run_of: Callable[..., analysis.Run]) -> None:
    among = [{"server": name} for name in ("poll", "epoll_level", "select")]
    part = with_part(of=None, over=None, among=among)
    run = run_of(FAST, SLOW, rows(server="select", requests_per_s=2000.0))
    assert verdict(part, run).measured == pytest.approx(3)


def test_a_bounded_generator_leaves_the_decision_to_processor_time(
    run_of: Callable[..., analysis.Run],
) -> None:
    bounded: dict[str, Any] = {"validity": "generator_bound", "requests_per_s": 1000.0}
    run = run_of(
        rows(server="poll", server_cpu_us_per_request=5.0, **bounded),
        rows(server="epoll_level", server_cpu_us_per_request=15.0, **bounded),
    )
    found = verdict(claim(), run)
    assert found.verdict is Word.REPRODUCED
    assert found.measured == pytest.approx(3)
    assert "bottleneck" in found.explanation
    assert [part.decides for part in found.parts] == [False, True]


@pytest.mark.parametrize("validity", ["unsaturated", "server_bound"])
def test_servers_compared_by_their_work_have_to_be_the_bottleneck(
    run_of: Callable[..., analysis.Run], validity: str
) -> None:
    even: dict[str, Any] = {"validity": validity, "requests_per_s": 1000.0}
    run = run_of(
        rows(server="poll", server_cpu_us_per_request=5.0, **even),
        rows(server="epoll_level", server_cpu_us_per_request=15.0, **even),
    )
    assert verdict(claim(), run).measured == pytest.approx(1)
    by_work = verdict(with_part(saturated=True), run)
    assert by_work.measured == pytest.approx(1 if validity == "server_bound" else 3)


def test_a_refuted_claim_says_why_in_figures_of_the_run(
    run_of: Callable[..., analysis.Run],
) -> None:
    cause = {
        "text": "It cost {cost} µs; the ratio was {ratio}.",
        "measured": {
            "cost": {
                "label": "c",
                "figure": "server_cpu_us_per_request",
                "of": {"server": "poll"},
            }
        },
    }
    slow = rows(server="poll", requests_per_s=1000.0, server_cpu_us_per_request=7.5)
    found = verdict(claim(refuted_because=cause), run_of(slow, SLOW))
    assert found.verdict is Word.REFUTED
    assert found.explanation.endswith(f"It cost 7.50 µs; the ratio was 1{TIMES}.")
