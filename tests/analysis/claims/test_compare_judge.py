"""The judge that compares figures of trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import analysis
from analysis.claims.claim import Claim
from analysis.claims.judgement import Word
from analysis.claims.verdicts import Verdict, judge
from analysis.wording import TIMES
from contract.outcomes import not_measured
from tests.support.claim_data import FAST, SLOW, Rows, claim, rows, with_part

if TYPE_CHECKING:
    from collections.abc import Callable


def verdict(claim: Claim, run: analysis.Run) -> Verdict:
    return judge(claim, run)


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


def test_starved_rates_are_at_most_so_much(run_of: Callable[..., analysis.Run]) -> None:
    """A rate of those alone who were served shows that a bound is not reached, never that it is."""
    starved: dict[str, Any] = {**not_measured("server_starved")}
    hungry = rows(server="poll", requests_per_s=3000.0, **starved)
    run = run_of(hungry, SLOW)
    assert verdict(with_part(max=5.0), run).verdict is Word.REPRODUCED
    found = verdict(with_part(min=2.0), run)
    assert found.verdict is Word.INCONCLUSIVE
    assert "only known to be at most so much" in found.explanation


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


def bounded_rates(**cpu_us: float) -> list[Rows]:
    """Servers by their CPU time per request, at equal rates that the load generator bounds."""
    bounded: dict[str, Any] = {"validity": "generator_bound", "requests_per_s": 1000.0}
    return [
        rows(server=name, server_cpu_us_per_request=us, **bounded) for name, us in cpu_us.items()
    ]


def test_processor_time_may_decide_beside_the_rate(run_of: Callable[..., analysis.Run]) -> None:
    asked = with_part(generator_bound="cpu_decides_too", min=0.9, max=1.1)
    even = verdict(asked, run_of(*bounded_rates(poll=5.0, epoll_level=5.0)))
    assert even.verdict is Word.REPRODUCED
    assert [part.decides for part in even.parts] == [True, True]
    assert verdict(asked, run_of(*bounded_rates(poll=9.0, epoll_level=5.0))).verdict is Word.REFUTED


def test_a_bounded_rate_may_be_at_least_so_much(run_of: Callable[..., analysis.Run]) -> None:
    asked = with_part(generator_bound="at_least")
    found = verdict(asked, run_of(*bounded_rates(poll=5.0, epoll_level=5.0)))
    assert found.verdict is Word.INCONCLUSIVE
    assert found.measured == pytest.approx(1)
    assert f"It was ≥ 1{TIMES}." in found.explanation


def growing(**settings: Any) -> Rows:
    """A figure of 10 at nothing idle, and of 4 more for each further hundred."""
    return [
        row
        for idle in (0, 100, 300)
        for row in rows(
            idle_connections=idle,
            server_threads=1 + idle,
            server_rss_bytes=10 + idle // 25,
            requests_per_s=1e6 / (10 + idle / 25),
            **settings,
        )
    ]


def test_a_growth_is_of_one_block_and_may_be_per_another(
    run_of: Callable[..., analysis.Run],
) -> None:
    run = run_of(growing(server="poll"))
    grown: dict[str, Any] = {"figure": "server_rss_bytes", "over": None, "unit": None, "min": 1.0}
    grown |= {"of": {"server": "poll", "idle_connections": 300}, "since": {"server": "poll"}}
    assert verdict(with_part(**grown), run).measured == pytest.approx(12)
    assert verdict(with_part(**grown, per="server_threads"), run).measured == pytest.approx(0.04)


def test_nothing_is_a_growth_per_what_did_not_grow(run_of: Callable[..., analysis.Run]) -> None:
    grown: dict[str, Any] = {
        "figure": "server_rss_bytes",
        "over": None,
        "per": "server_threads",
        "min": 1.0,
    }
    grown |= {"of": {"server": "poll", "idle_connections": 300}, "since": {"server": "poll"}}
    still = [{**row, "server_threads": 1} for row in growing(server="poll")]
    found = verdict(with_part(**grown), run_of(still))
    assert found.verdict is Word.INCONCLUSIVE
    assert found.measured is None


@pytest.mark.parametrize(("gives", "value"), [("r_squared", 1.0), ("slope", 0.04)])
def test_a_line_goes_through_all_levels_of_a_setting(
    run_of: Callable[..., analysis.Run], gives: str, value: float
) -> None:
    line = {"along": "idle_connections", "gives": gives}
    part = with_part(figure="1e6 / requests_per_s", over=None, line=line, min=0.01)
    found = verdict(part, run_of(growing(server="poll")))
    assert found.measured == pytest.approx(value)
    assert found.verdict is Word.REPRODUCED


@pytest.mark.parametrize(
    ("levels", "judged"),
    [((50, 100, 300, 500), [100, 300]), ((50, 500, 900), [50, 500]), ((50, 60), [])],
)
def test_a_part_is_judged_at_each_level(
    run_of: Callable[..., analysis.Run], levels: tuple[int, ...], judged: list[int]
) -> None:
    """Those between the edges; else the nearest on each side; else it is not run."""
    run = run_of(
        *(
            rows(server=server, active_connections=level, requests_per_s=rate + level)
            for level in levels
            for server, rate in (("poll", 3000.0), ("epoll_level", 1000.0))
        )
    )
    each = {"setting": "active_connections", "first": 100, "last": 400}
    found = verdict(with_part(each=each, min=1.0), run)
    assert [part.label for part in found.parts] == [f"poll over epoll at {one}" for one in judged]
    assert found.verdict is (Word.REPRODUCED if judged else Word.NOT_RUN)


ENDS: dict[str, tuple[dict[str, Any] | None, Word]] = {
    "a limit stopped it": (
        {"spoiled_by": "server_limit", "server_limit": "threads"},
        Word.REPRODUCED,
    ),
    "it failed otherwise": ({"spoiled_by": "server_gone"}, Word.INCONCLUSIVE),
    "others stopped it": ({"spoiled_by": "load", "server_limit": "m"}, Word.INCONCLUSIVE),
    "nobody asked for more": (None, Word.INCONCLUSIVE),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_server_ends_where_a_limit_stopped_it(
    run_of: Callable[..., analysis.Run], name: str
) -> None:
    changes, word = ENDS[name]
    part = {"figure": "server_threads", "over": None, "at_most_connections": True, "unit": None}
    beyond = {"idle_connections": 900, "validity": "void", "reason": "r", **(changes or {})}
    run = run_of(growing(server="poll"), rows(server="poll", **beyond) if changes else [])
    found = verdict(with_part(**part, max=512), run)
    assert found.measured == 301
    assert found.verdict is word
    assert verdict(with_part(**part, max=100), run).verdict is Word.REFUTED


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
