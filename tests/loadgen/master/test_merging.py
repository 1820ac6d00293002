"""Shares add up, merged results are those of all requests together, and nothing is lost."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.result.distribution import PERCENTILES
from contract.result.load_side import Checked, WorkerResult
from contract.result.server_side import Environment
from contract.result.window import Unanswered, Window
from loadgen.engine.measures import Ends, WindowCounts
from loadgen.engine.recorder import Recorder, mean_us, stddev_us, to_histogram
from loadgen.engine.summary import at_percentile, summarise
from loadgen.master.merged_window import merge_windows
from loadgen.master.merging import merge
from loadgen.option_checks import parse
from loadgen.options import Options
from loadgen.worker.partition import latecomer, share, split
from tests.support.results import a_gauges, a_sample, a_share

SECOND_NS = 1_000_000_000


def options(**values: Any) -> Options:
    return parse({"seed": "3", **values}, "http://127.0.0.1:8080")


def window(durations: list[int], started_ns: int = 0, **changes: Any) -> WindowCounts:
    recorder = Recorder()
    for us in durations:
        recorder.add(us)
    values: dict[str, Any] = {
        "started_ns": started_ns,
        "ended_ns": started_ns + SECOND_NS,
        "cpu_ns": SECOND_NS // 2,
        "process_cpu_ns": SECOND_NS // 2,
        "rss_bytes": 1_000_000,
        "requests": len(durations),
        "connects": 3,
        "errors": {},
        "covered": 1,
        "segments_in": 10,
        "longest_pause_us": 5,
        "rested_ns": None,
        "histograms": {"response": recorder.snapshot()},
    }
    return WindowCounts(**values | changes)


def merged(*windows: WindowCounts, cores: list[list[int]] | None = None) -> Window:
    return merge_windows(
        [summarise(one) for one in windows], cores or [[number] for number in range(len(windows))]
    )


@given(st.integers(0, 100_000), st.integers(1, 64))
def test_shares_add_up_and_are_fair(total: int, workers: int) -> None:
    shares = [share(total, worker, workers) for worker in range(workers)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


def test_a_load_is_split_and_not_multiplied() -> None:
    whole = options(
        idle_connections="100",
        slow_readers="5",
        slow_writers="2",
        vanishing_per_s="9",
        in_flight=2,
        connect_pace_per_s=90,
    )
    parts = [split(whole, worker, 3) for worker in range(3)]
    for name in ("idle_connections", "slow_readers", "slow_writers", "vanishing_per_s"):
        assert sum(getattr(one.settings, name) for one in parts) == getattr(whole.settings, name)
    assert sum(one.pace_per_s for one in parts) == whole.pace_per_s == 90
    assert [one.in_flight for one in parts] == [1, 1, 1], "none could open connections"
    assert [one.worker for one in parts] == [0, 1, 2]


def test_no_two_workers_or_seeds_draw_the_same() -> None:
    seeds = [
        split(options(seed=seed), worker, 4).mix_seed for seed in range(5) for worker in range(4)
    ]
    assert len(set(seeds)) == len(seeds)
    assert split(options(seed=7), 0, 1).mix_seed == 7


def test_who_comes_late_has_nothing_but_users() -> None:
    late = latecomer(options(idle_connections=100, trickle_per_s=1, slow_writers=3)).settings
    assert (late.idle_connections, late.trickle_per_s, late.slow_writers) == (0, 0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_percentiles_are_those_of_all_requests_together(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - test data, not a secret
    parts = [
        [max(1, int(draw.lognormvariate(scale, 1.5))) for _ in range(draw.randrange(1, 3_000))]
        for scale in (4, 8, 11)
    ]
    every = Recorder()
    for us in chain.from_iterable(parts):
        every.add(us)
    raw = to_histogram(every.snapshot())
    found = merged(*(window(part) for part in parts)).distributions["response"]
    assert found.times is not None
    assert found.count == sum(map(len, parts))
    assert found.times.mean_us == pytest.approx(mean_us(every.snapshot()))
    assert found.times.stddev_us == pytest.approx(stddev_us(every.snapshot()))
    for label, percentile in PERCENTILES.items():
        assert getattr(found.times, f"{label}_us") == at_percentile(raw, percentile)


def test_a_worker_without_a_response_takes_nothing_from_the_others() -> None:
    found = merged(window([5, 5]), window([]))
    response = found.distributions["response"]
    assert response.times is not None
    assert (response.count, response.times.mean_us, found.requests) == (2, 5.0, 2)
    assert merged(window([]), window([])).distributions["response"].times is None


def test_counts_are_summed_and_the_worst_stands_for_all() -> None:
    late = Unanswered(2, 700, 9)
    found = merged(
        window([1], errors={"reset": 1}, rested_ns=8, unanswered=late),
        window([1], errors={"reset": 2, "timeout": 1}, longest_pause_us=50, rested_ns=3),
        window([1], started_ns=2_500_000, segments_in=None),
    )
    assert found.errors == {"reset": 3, "timeout": 1}
    assert found.longest_pause_us == 50
    assert found.connects == 9
    assert found.rested_ns == 3
    assert found.segments_in is None
    assert found.unanswered == late
    assert found.skew_us == 2_500
    assert (found.started_ns, found.ended_ns) == (0, SECOND_NS + 2_500_000)
    assert found.window_s == 1.0
    assert found.cpu_share == 0.5


def test_connections_that_a_server_ended_are_summed_by_their_requests() -> None:
    one = Ends(reconnects=3, resent=1, answered=Counter({100: 2, 7: 1}))
    other = Ends(reconnects=4, resent=0, answered=Counter({100: 4}))
    together = merged(window([10], ends=one), window([10], ends=other), window([10]))
    assert (together.reconnects, together.resent) == (7, 1)
    assert together.requests_per_connection == {"7": 1, "100": 6}


def test_workers_that_share_a_core_are_busy_together() -> None:
    assert merged(window([1]), window([1]), cores=[[1], [1]]).cpu_share == 1.0


@pytest.mark.parametrize(("machines", "share"), [("aa", 1.0), ("ab", 0.5)])
def test_cores_of_two_machines_are_not_one_if_they_have_one_number(
    machines: str, share: float
) -> None:
    parts = [a_part(place, 2, cores=(3,), machine=of) for place, of in enumerate(machines)]
    found = merge("t", parts, "", "").window
    assert found is not None
    assert found.cpu_share == share


@pytest.mark.parametrize(
    ("bounds", "apart"), [((None, None), None), ((40.0,), 40.0), ((40.0, 10.0, 30.0), 70.0)]
)
def test_moments_of_two_workers_are_apart_by_both_bounds(
    bounds: tuple[float | None, ...], apart: float | None
) -> None:
    parts = [a_part(n, len(bounds), clock_bound_us=one) for n, one in enumerate(bounds)]
    assert merge("t", parts, "", "").clock_bound_us == apart


SAMPLES = (a_sample("open", 1.0, 0.0),)


def a_part(worker: int, workers: int, **changes: Any) -> WorkerResult:
    part = WorkerResult(
        name=f"load worker {worker + 1}",
        reason="",
        spoiled_by="",
        options={"idle_connections": 5},
        share=a_share(worker, workers),
        cores=(worker,),
        throttled_periods=worker,
        core_loops_us={"before": 900.0 + worker},
        phases_s={"connect_idle": 0.1 + worker},
        gauges=a_gauges(2),
        samples=SAMPLES if worker == 0 else (),
        environment=Environment(cores=4) if worker == 0 else Environment(),
        window=summarise(window([7])),
        series=(),
        company={"vanished": 3},
    )
    return replace(part, **changes)


def test_results_of_two_workers_become_one() -> None:
    found = merge("t", [a_part(0, 2), a_part(1, 2)], "", "")
    assert found.window is not None
    assert found.window.requests == 2
    assert found.gauges == a_gauges(4)
    assert found.phases_s == {"connect_idle": 1.1}
    assert found.company == {"vanished": 6}
    assert (found.samples, found.environment) == (SAMPLES, Environment(cores=4))
    assert [one.name for one in found.workers] == ["load worker 1", "load worker 2"]
    assert [one.cores for one in found.workers] == [(0,), (1,)]
    assert [one.throttled_periods for one in found.workers] == [0, 1]
    assert [one.core_loops_us for one in found.workers] == [{"before": 900.0}, {"before": 901.0}]


def test_rates_add_up_and_the_longest_warm_up_is_that_of_all() -> None:
    parts = [
        a_part(0, 2, rates_per_s=(1.0, 2.0), warmed_up_s=3.1, round_trip_us=90),
        a_part(1, 2, rates_per_s=(10.0, 20.0), warmed_up_s=3.2, round_trip_us=70),
    ]
    found = merge("t", parts, "", "")
    assert (found.rates_per_s, found.warmed_up_s) == ((11.0, 22.0), 3.2)
    assert found.round_trip_us == 70
    stopped = merge("t", [parts[0], replace(parts[1], rates_per_s=(10.0,))], "stopped", "load")
    assert stopped.rates_per_s == ()


def test_memory_of_all_workers_is_known_where_that_of_each_is() -> None:
    parts = [a_part(n, 2, rss_idle_bytes=3 + n, rss_held_bytes=10 * n) for n in range(2)]
    whole = merge("t", parts, "", "")
    assert (whole.rss_idle_bytes, whole.rss_held_bytes) == (7, 10)
    assert merge("t", parts[:1], "", "").rss_idle_bytes is None, "the other was lost"
    unknown = merge("t", [parts[0], a_part(1, 2)], "", "")
    assert (unknown.rss_idle_bytes, unknown.rss_held_bytes) == (None, None)


def test_without_one_of_the_workers_there_is_no_window() -> None:
    for parts in ([a_part(0, 2)], [a_part(0, 2), a_part(1, 2, window=None, gauges=None)], []):
        found = merge("t", parts, "load worker 2 was lost", "load")
        assert found.window is None
        assert found.reason == "load worker 2 was lost"


EXACTLY, FRAMED = Checked("exact", "every byte"), Checked("framing", "framing, status 200")


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (EXACTLY, EXACTLY, EXACTLY),
        (EXACTLY, FRAMED, Checked("framing", "every byte; framing, status 200")),
        (None, FRAMED, FRAMED),
        (None, None, None),
    ],
)
def test_the_least_strict_check_of_the_workers_stands(
    one: Checked | None, other: Checked | None, both: Checked | None
) -> None:
    parts = [a_part(0, 2, checked=one), a_part(1, 2, checked=other)]
    assert merge("t", parts, "", "").checked == both
