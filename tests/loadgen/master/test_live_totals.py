"""The master's sums over workers, and the rows that are made of them."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest

from contract.result.server_side import ProbeSample
from loadgen.engine.recorder import percentiles, to_histogram
from loadgen.master.live_totals import RECENT_S, SAMPLES, LiveTotals, add
from loadgen.master.tabs import CONNECT, CONNECTIONS, RESPONSE, SERVER, TABS, tables
from loadgen.worker.standing import Standing
from tests.support.results import a_sample


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def told(requests: int, at_s: float = 0.0, **more: Any) -> Standing:
    standing = Standing(
        trial="poll",
        phase="window",
        idle=1,
        active=2,
        wanted=2,
        at_s=at_s,
        requests=requests,
        histograms={"response": {100: requests}, "connect": {50: 2}},
    )
    return replace(standing, **more)


def sample(at_ns: int, cpu_ns: int, **more: int) -> ProbeSample:
    return a_sample("second", 0.0, 0.0, at_ns=at_ns, cpu_ns=cpu_ns, **more)


def rows(totals: LiveTotals, tab: str) -> list[dict[str, Any]]:
    shown = {table["key"]: table["data"] for table in tables(totals, [])}
    found: list[dict[str, Any]] = shown[tab]
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def totals(clock: Clock) -> LiveTotals:
    made = LiveTotals(clock)
    made.begin("poll")
    return made


def test_percentiles_of_merged_workers_are_those_of_all_values() -> None:
    draw = random.Random(7)  # noqa: S311 - test data
    parts = [[draw.randint(1, 2_000) for _ in range(size)] for size in (1, 400, 5_000)]
    counted = [{"response": {us: part.count(us) for us in part}} for part in parts]
    every = sorted(us for part in parts for us in part)
    merged = add(counted)["response"]
    assert sum(merged.values()) == len(every)
    wanted = [50.0, 90.0, 99.0, 99.9, 100.0]
    exact = [every[math.ceil(round(p * len(every) / 100, 6)) - 1] for p in wanted]
    assert percentiles(merged, wanted) == exact
    histogram = to_histogram(merged)
    assert exact == [histogram.get_value_at_percentile(p) for p in wanted]


def test_percentiles_of_nothing_are_not_known() -> None:
    assert percentiles({}, [50.0, 100.0]) == [None, None]


def test_a_worker_that_tells_twice_is_counted_once(totals: LiveTotals) -> None:
    totals.tell("a_1", told(10))
    totals.tell("a_1", told(30))
    totals.tell("b_1", told(5))
    assert totals.merged() == {"response": {100: 35}, "connect": {50: 4}}


def test_the_rate_is_of_the_worker_s_own_clock(totals: LiveTotals) -> None:
    totals.tell("a_1", told(100, at_s=5.0))
    totals.tell("a_1", told(400, at_s=7.0))
    assert [row["rate"] for row in rows(totals, CONNECTIONS.key)] == [150]


def test_several_workers_have_a_row_for_all(totals: LiveTotals) -> None:
    totals.tell("a_1", told(10, errors={"reset": 2}))
    totals.tell("b_2", told(20, errors={"reset": 1, "timeout": 1}))
    whole, *each = rows(totals, CONNECTIONS.key)
    assert (whole["worker"], whole["active"], whole["errors"]) == ("all 2", 4, 4)
    assert [row["worker"] for row in each] == ["a", "b"]
    assert whole["p50"] == 100


def test_recent_times_leave_out_what_is_older(totals: LiveTotals, clock: Clock) -> None:
    totals.tell("a_1", told(0, histograms={"response": {10: 5}}))
    totals.recent()
    clock.now_s += RECENT_S / 2
    totals.tell("a_1", told(0, histograms={"response": {10: 5, 20: 1}}))
    totals.recent()
    clock.now_s += RECENT_S
    totals.tell("a_1", told(0, histograms={"response": {10: 5, 20: 1, 30: 7}}))
    recent, whole = rows(totals, RESPONSE.key)
    assert (recent["count"], recent["p50"]) == (7, 30)
    assert (whole["count"], whole["max"]) == (13, 30)


def test_counting_that_begins_anew_is_not_a_negative_count(
    totals: LiveTotals, clock: Clock
) -> None:
    totals.tell("a_1", told(0, histograms={"response": {10: 50}}))
    totals.recent()
    clock.now_s += 1
    totals.tell("a_1", told(0, histograms={"response": {10: 3}}))  # the warm-up is over
    assert totals.recent() == {"response": {10: 3}}


@pytest.mark.parametrize(
    ("scheduled", "names", "counted"),
    [
        (False, {"response", "response /db/5"}, "the send"),
        (True, {"response", "service", "lag"}, "due"),
    ],
)
def test_times_say_from_when_they_run(
    totals: LiveTotals, scheduled: bool, names: set[str], counted: str
) -> None:
    totals.begin("poll", scheduled=scheduled)
    totals.tell("a_1", told(0, histograms={name: {10: 1} for name in (*names, "connect")}))
    shown = rows(totals, RESPONSE.key)
    assert len(shown) == 2 * len(names)
    assert all(counted in row["counted"] for row in shown if row["time"].startswith("Response"))
    assert {row["counted"] for row in shown if row["time"].startswith("Service")} <= {"the send"}
    assert {row["time"] for row in rows(totals, CONNECT.key)} == {"Time to connect"}


def test_the_server_s_seconds_newest_first_below_the_whole(totals: LiveTotals) -> None:
    for second, requests in enumerate((0, 100, 300)):
        counters = sample(second * 10**9, second * 250_000_000, listen_drops=second * 2)
        totals.tell("a_1", told(requests, server=counters))
    whole, last, first = rows(totals, SERVER.key)
    assert (whole["cpu"], whole["cpu_us"], whole["drops"]) == (25.0, 1666.7, 4)
    assert (last["cpu_us"], first["cpu_us"]) == (1250.0, 2500.0)
    assert (last["drops"], last["span"]) == (2, "1.0 s")


def test_one_worker_s_probe_is_enough(totals: LiveTotals) -> None:
    for second in range(3):
        for worker in ("a_1", "b_2"):
            totals.tell(worker, told(1, server=sample(second * 10**9 + ord(worker[0]), 0)))
    assert len(totals.looks) == 3
    totals.leave("a_1")
    totals.tell("b_2", told(1, server=sample(9 * 10**9, 0)))
    assert len(totals.looks) == 4


def test_a_sample_that_is_told_again_is_no_new_second(totals: LiveTotals) -> None:
    for _ in range(3):
        totals.tell("a_1", told(1, trial="t1", server=sample(5, 0)))
    assert len(totals.looks) == 1


def test_seconds_do_not_reach_from_one_trial_into_the_next(totals: LiveTotals) -> None:
    for at, trial in enumerate(("t1", "t1", "t2", "t2")):
        totals.tell("a_1", told(1, trial=trial, server=sample(at * 10**9, at * 10**8)))
    assert [row["trial"] for row in rows(totals, SERVER.key)] == ["t2", "t2", "t1"]


def test_only_the_newest_seconds_are_kept(totals: LiveTotals) -> None:
    for second in range(3 * SAMPLES):
        totals.tell("a_1", told(1, server=sample((second + 1) * 10**9, 0)))
    assert len(rows(totals, SERVER.key)) == SAMPLES + 1


def test_a_missing_probe_is_said(totals: LiveTotals) -> None:
    totals.tell("a_1", told(1, server=None, silence="no probe answers"))
    assert [row["span"] for row in rows(totals, SERVER.key)] == ["no probe answers"]


def test_every_cell_has_a_column(totals: LiveTotals) -> None:
    for second in range(2):
        totals.tell("a_1", told(5, at_s=second, server=sample(second * 10**9 + 1, 0)))
        totals.tell("b_1", told(5, at_s=second))
    shown = {table["key"]: table["data"] for table in tables(totals, [])}
    for tab in TABS:
        assert shown[tab.key], tab.title
        for row in shown[tab.key]:
            assert set(row) <= set(tab.columns), tab.title


def test_a_new_load_forgets_the_one_before(totals: LiveTotals) -> None:
    totals.tell("a_1", told(5, server=sample(1, 0)))
    totals.begin("select")
    assert totals.merged() == {}
    assert not any(table["data"] for table in tables(totals, []))


def test_the_whole_load_begins_with_its_first_request(totals: LiveTotals, clock: Clock) -> None:
    """What connecting and the warm-up cost belongs to no request that is counted."""
    for second, requests, cpu_s in ((0, 0, 0), (10, 0, 5), (11, 0, 6), (12, 100, 7), (13, 200, 8)):
        clock.now_s = 1_000.0 + second
        server = sample(second * 10**9, cpu_s * 10**9)
        totals.tell("w1", told(requests, at_s=clock.now_s, server=server))
    assert totals.first is not None
    assert totals.first.requests == 0
    assert totals.first.sample.cpu_ns == 6 * 10**9


def test_what_had_not_ended_is_told_of_the_whole_load_and_marked(
    totals: LiveTotals, clock: Clock
) -> None:
    clock.now_s += 2.0
    totals.tell("a_1", told(900, censored={}))
    totals.tell("b_1", told(80, censored={"response": {1_700_000: 20}}))
    recent, whole = rows(totals, RESPONSE.key)
    assert (recent["unanswered"], recent["max"]) == (None, 100)
    assert (whole["count"], whole["unanswered"]) == (980, 20)
    assert (whole["p50"], whole["p90"]) == (100, 100)
    assert (whole["p99"], whole["max"]) == ("≥ 1700000", "≥ 1700000")
    both, one, other = rows(totals, CONNECTIONS.key)
    assert [row["unanswered"] for row in (both, one, other)] == [20, 0, 20]
    assert (both["p99"], one["p99"], other["p99"]) == ("≥ 1700000", 100, "≥ 1700000")
    assert totals.times()["response"] == {100: 980, 1_700_000: 20}


def test_what_has_not_ended_is_unknown_while_a_worker_still_loads(totals: LiveTotals) -> None:
    """Nought would say that all was answered, while a server hangs."""
    totals.tell("a_1", told(900))
    (alone,) = rows(totals, CONNECTIONS.key)
    assert alone["unanswered"] is None
    totals.tell("b_1", told(80, censored={"response": {1_700_000: 20}}))
    assert [row["unanswered"] for row in rows(totals, CONNECTIONS.key)] == [None, None, 20]
    _, whole = rows(totals, RESPONSE.key)
    assert (whole["unanswered"], whole["max"]) == (None, "≥ 1700000"), "and what is known counts"


def test_what_is_no_wonder_of_one_worker_is_told_of_sixteen(
    totals: LiveTotals, clock: Clock
) -> None:
    clock.now_s += 2.0
    ended = {"response": {100: 400, 1_900_000: 1}}
    for worker in range(16):
        hanging = {"response": {1_500_000: 4}}
        totals.tell(f"w{worker}_1", told(401, histograms=ended, censored={}, pending=hanging))
    whole, *each = rows(totals, CONNECTIONS.key)
    assert whole["unanswered"] == 64
    assert whole["p99"] == "≥ 1500000"
    assert [row["unanswered"] for row in each] == [0] * 16
    _, told_of_times = rows(totals, RESPONSE.key)
    assert told_of_times["unanswered"] == 64
    assert totals.times()["response"] == {100: 6_400, 1_500_000: 64, 1_900_000: 16}


def test_what_a_steady_load_has_under_way_is_not_overdue(totals: LiveTotals, clock: Clock) -> None:
    """Eight connections of each worker, whose requests take 100 us, for two seconds."""
    clock.now_s += 2.0
    under_way = {"response": {10: 4, 50: 4}}
    for worker in ("a_1", "b_1"):
        totals.tell(worker, told(160_000, censored={}, pending=under_way))
        assert totals.censored() == {}


def test_one_worker_alone_says_what_is_overdue(totals: LiveTotals, clock: Clock) -> None:
    clock.now_s += 2.0
    late = {"response": {1_700_000: 4}}
    totals.tell("a_1", told(900, censored=late, pending={"response": {90: 4, 1_700_000: 4}}))
    assert totals.censored() == late
