"""What a person reads of a trial while a run goes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from contract.settings.trial import Settings
from experiments.plan.trials import Point, Trial
from experiments.run.progress import Watch, describe, summarise


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"idle_connections": 1_000}, "epoll_level: 64 keep-alive + 1,000 idle"),
        ({"window_s": 5.0, "traced": True}, "epoll_level: 64 keep-alive, traced"),
        ({"pipeline_depth": 16}, "epoll_level: 64 keep-alive, pipeline_depth 16"),
        (
            {"server": "poll", "path": "/ 95, /db/10 5", "cork": True},
            "poll: 64 keep-alive, path / 95, /db/10 5, cork True",
        ),
        (
            {"load": "open_loop", "rate_per_s": 500.0, "arrivals": "fixed"},
            "epoll_level: 64 open loop at 500/s, arrivals fixed",
        ),
        (
            {"load": "connection_per_request", "backlog": None, "load_workers": 2},
            "epoll_level: 64 conn/request, backlog its own, 2 load workers",
        ),
    ],
)
def test_trials_that_differ_read_differently(given: dict[str, Any], words: str) -> None:
    assert describe(Trial(Point("any", Settings(**given)), 1, 1, 1)) == words


def test_a_path_that_looks_like_markup_is_shown_as_it_is() -> None:
    path = "/[bold]/[/nope]"
    trial = Trial(Point("any", Settings(path=path)), 1, 1, 1)
    seen = io.StringIO()
    console = Console(file=seen, force_terminal=True, color_system=None, width=200)
    with Watch([trial], 0, console) as watch:
        watch.begin(trial)
        watch.end(trial, {"validity": "void", "reason": "\x1b]0;title\x07"})
    assert seen.getvalue().count(f"path {path}") >= 2, "the bar, and the line"
    assert "void: \\u001b]0;title\\u0007" in seen.getvalue()


VALID = {
    "validity": "server_bound",
    "load": "connection_per_request",
    "traced": False,
    "requests_per_s": 10_000.0,
    "response_p99_us": 900.0,
    "reason": "",
    "lower_bounds": "",
}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "10,000/s, p99 0.90 ms, server bound"),
        ({"lower_bounds": "response_p999_us"}, "10,000/s, p99 0.90 ms, server bound"),
        (
            {"lower_bounds": "response_p99_us response_p999_us", "reason": "4 had no answer"},
            "10,000/s, p99 ≥ 0.90 ms, server bound; 4 had no answer",
        ),
        (
            {"reason": "33.3% of the requests failed: reset=5000"},
            "10,000/s, p99 0.90 ms, server bound; 33.3% of the requests failed: reset=5000",
        ),
    ],
)
def test_the_line_of_a_valid_trial_tells_what_failed_in_it(
    changes: dict[str, Any], line: str
) -> None:
    assert summarise(VALID | changes) == line
