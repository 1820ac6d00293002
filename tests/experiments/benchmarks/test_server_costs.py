"""The benchmark of servers without Docker: its order, what it counts, and its table."""

from __future__ import annotations

import io
import json
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from contract.exits import LabError
from experiments.benchmarks.ranges import ranged
from experiments.benchmarks.server_costs import workers
from experiments.benchmarks.server_costs.benchmark import BASELINE, chosen, in_pairs
from experiments.benchmarks.server_costs.figures import Figures
from experiments.benchmarks.server_costs.table import print_table
from experiments.benchmarks.server_costs.workers import RequestsFailedError, rate_of
from experiments.benchmarks.void_attempts import VoidAttempt
from experiments.probe import tracing

TRACE = """\
10 100.100000 epoll_wait(4,  <unfinished ...>
11 100.200000 read(7, ""..., 16384) = 33
10 100.300000 <... epoll_wait resumed>[], 1023, -1) = 1
10 100.400000 write(7, ""..., 119) = 119
10 101.000000 read(7, ""..., 16384) = 0
"""


SEED = 1


def order(names: list[str]) -> list[list[str]]:
    return list(in_pairs(names, Random(SEED)))  # noqa: S311 - an order, not a secret


def test_everyone_is_beside_a_baseline() -> None:
    names = [BASELINE, *"abcde"]
    pairs = order(names)
    assert sorted(name for pair in pairs for name in pair) == list("abcde")
    assert [len(pair) for pair in pairs] == [2, 2, 1]
    assert pairs == order(names)


def test_calls_are_counted_once_and_in_the_window() -> None:
    counted = tracing.count(TRACE, {1: (100.0, 101.0, ""), 64: (0.0, 0.0, "cannot")})
    per_request = 1 / tracing.ROUNDS[1]
    assert counted[1] == {
        "reason": "",
        "calls_per_request": dict.fromkeys(("epoll_wait", "read", "write"), per_request),
    }
    assert counted[64] == {"reason": "cannot", "calls_per_request": {}}


def test_table_has_all_figures_and_says_what_is_missing() -> None:
    figures = Figures()
    figures.cpu_us = {BASELINE: {64: [8.0]}, "poll": {64: [10.0, 12.0, 11.0]}}
    figures.ratios = {"poll": {64: [1.25, 1.5, 1.0]}}
    figures.memory = {
        "poll": {"idle_connections": 1_000, "rss_bytes": 15_100_000, "kernel_bytes": 0}
    }
    calls = {"reason": "", "calls_per_request": {"read": 1.0, "poll": 0.5}}
    figures.calls = {"poll": {"1": calls}}
    figures.workers = {"poll": [{"1": 100.0, "2": 190.0}, {"1": 100.0, "2": 170.0}]}
    figures.missing("poll", "cpu at 1000", "it has a wall")
    figures.void += [VoidAttempt("poll", "server_gone", "it ended")] * 2
    stream = io.StringIO()
    print_table(Console(file=stream), figures, [BASELINE, "poll"])
    told = stream.getvalue()
    for words in (
        *("11.0  1.25 (1.00-1.50)", " 1.50 ", " 15.1 ", "1.80 (1.70-1.90)"),
        *("poll, cpu at 1000: it has a wall", "1,000 idle connections, not 10,000"),
        "poll: 2 attempts were not measured (server_gone): it ended",
    ):
        assert words in told
    assert "the last" not in told
    assert json.loads(json.dumps(figures.plain()))["void"][0]["reason"] == "it ended"
    assert ranged([2.0]) == "2.00 (2.00-2.00)"


def test_a_server_that_is_void_in_a_later_round_says_whose_the_figures_are() -> None:
    figures = Figures(cpu_us={"poll": {64: [10.0]}}, ratios={"poll": {64: [1.25]}})
    figures.missing("poll", "cpu at 64", "it ended")
    stream = io.StringIO()
    print_table(Console(file=stream), figures, ["poll"])
    assert "10.0  1.25 (1.25-1.25), round 1 the last" in stream.getvalue()


WRK = "  12000 requests in 2.00s\n{}Requests/sec:   6000.00\n"


@pytest.mark.parametrize(
    "failures", ["  Socket errors: connect 0, read 9, write 0, timeout 0\n", "  Non-2xx: 12000\n"]
)
def test_a_rate_of_other_answers_is_no_rate(failures: str) -> None:
    assert rate_of("poll", WRK.format("")) == 6000
    with pytest.raises(RequestsFailedError, match=r"wrk had failures: (Socket errors|Non-2xx)"):
        rate_of("poll", WRK.format(failures))


def test_a_server_whose_requests_failed_has_no_figure_of_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def rate(_made: object, _containers: object, name: str, many: int) -> float:
        asked.append(name)
        if name == "poll" and len(asked) > 4:
            raise RequestsFailedError("wrk had failures: Non-2xx: 3")
        return 100.0 * many

    monkeypatch.setattr(workers, "run_tool", lambda *_: '["select", "poll"]')
    monkeypatch.setattr(workers, "_rate", rate)
    made, figures = SimpleNamespace(driver=None, images=SimpleNamespace(server="")), Figures()
    workers.compare_workers(cast(Any, made), cast(Any, None), ["select", "poll"], 3, figures)
    assert figures.workers == {"select": [{"1": 100.0, "2": 200.0}] * 3}
    assert figures.why == {"poll": {"2 workers": "wrk had failures: Non-2xx: 3"}}
    assert asked.count("poll") == 3


def test_baseline_is_always_there_and_references_by_name() -> None:
    ours, foreign = chosen(["poll", "nginx"])
    assert ours == [BASELINE, "poll"]
    assert [one.name for one in foreign] == ["nginx"]
    assert [one.name for one in chosen([])[1]] == ["nginx", "uvicorn"]
    with pytest.raises(LabError, match="no_such: not among"):
        chosen(["no_such"])
