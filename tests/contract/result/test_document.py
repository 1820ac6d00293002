"""Typed results and their document: nothing lost on the way, and each fault named by its place."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from contract.result.benchmark_result import BenchmarkResult, Watched
from contract.result.distribution import Distribution
from contract.result.document import from_json, to_json
from contract.result.load_side import LoadSecond, WorkerResult
from contract.result.scalars import DocumentError
from contract.result.server_side import Environment, ProbeSample, ServerSecond
from contract.result.trial_result import TrialResult
from contract.result.window import Unanswered, Window
from tests.support.results import (
    a_distribution,
    a_gauges,
    a_result,
    a_sample,
    a_second,
    a_share,
    a_window,
)

LATE = replace(
    a_distribution("H4sI", 9, p50_us=80.0, p99_us=1e6, max_us=2e6),
    censored=3,
    ages="H4sI",
    oldest_us=2e6,
    lower_bounds=("p99_us", "max_us", "mean_us"),
)
WHOLE = a_result(
    window=a_window(
        unanswered=Unanswered(2, 700, 9),
        errors={"reset": 2},
        distributions={
            "response": LATE,
            "response /db/10": a_distribution(),
            "connect": Distribution(histogram="x"),
        },
    ),
    options={"host": "127.0.0.1", "rate_per_s": 0.0},
    series=(a_second(), a_second(1.0, response_p50_us=4.0)),
    company={"vanished": 3},
    spoiled_by="load",
    reason="late",
)
SERVER_SECOND = ServerSecond(
    from_s=0.0,
    to_s=1.0,
    cpu_s=-0.5,
    listen_overflows=0,
    listen_drops=-3,
    retransmits=0,
    resets=0,
    rss_bytes=1,
    threads=1,
    accept_queue=0,
    accept_queue_max=0,
    kernel_socket_bytes=0,
)
WORKER = WorkerResult(
    name="load worker 1",
    reason="",
    spoiled_by="",
    options={},
    share=a_share(),
    cores=(1, 3),
    phases_s={"window": 1.0},
    gauges=a_gauges(),
    samples=(a_sample("gate", 0.0, 0.0, server_established=4),),
    environment=Environment(clock_ticks=100, ulimits={"nofile": (1_024, -1)}),
    window=a_window(),
    series=(a_second(),),
    company={},
)


@pytest.mark.parametrize(
    "value",
    [
        WHOLE,
        TrialResult(),
        replace(WHOLE, server_series=(SERVER_SECOND,)),
        WORKER,
        replace(WORKER, window=None, gauges=None),
        BenchmarkResult(reason="", watched=Watched(descriptors=9)),
    ],
)
def test_whatever_is_written_reads_back_equal(value: Any) -> None:
    text = json.dumps(to_json(value), allow_nan=False)
    assert from_json(type(value), json.loads(text)) == value


def test_a_window_has_its_distributions_side_by_side() -> None:
    window = to_json(WHOLE)["window"]
    assert window["histograms"] == {"response": "H4sI", "response /db/10": "", "connect": "x"}
    assert window["censored"] == {"response": "H4sI"}
    assert window["lower_bounds"] == ["response_p99_us", "response_max_us", "response_mean_us"]
    assert (window["response_p50_us"], window["response_count"]) == (80.0, 9)
    assert (window["response_censored"], window["response_oldest_us"]) == (3, 2e6)
    assert "connect_count" not in window, "nothing was recorded"
    assert "distributions" not in window


def test_what_a_sample_has_not_is_left_out_and_what_is_unknown_is_null() -> None:
    sample = to_json(a_sample("open", 1.0, 0.2, context_switches=None))
    assert sample["context_switches"] is None
    assert not {"server_established", "syscalls"} & sample.keys()
    assert to_json(Environment()) == {}


def without(kind: Any, *names: str) -> dict[str, Any]:
    return {name: value for name, value in to_json(kind).items() if name not in names}


def test_a_document_of_before_a_field_was_added_has_its_default() -> None:
    sample = without(a_sample("open", 1.0, 0.0), "cpuset", "affinity", "throttled_ns")
    read = from_json(ProbeSample, sample)
    assert (read.cpuset, read.affinity, read.throttled_ns) == (None, (), 0)
    window = without(a_window(), "censored", "lower_bounds", "response_censored")
    assert from_json(Window, window) == a_window()
    assert from_json(TrialResult, without(WHOLE, "spoiled_by")).spoiled_by == ""


def test_a_key_that_nobody_knows_is_passed_over() -> None:
    assert from_json(LoadSecond, {**to_json(a_second()), "added_later": 1}) == a_second()


def set_at(document: Any, path: str, value: Any) -> Any:
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("window.requests", "7", "expected a whole number"),
        ("window.requests", 7.0, "expected a whole number"),
        ("window.requests", 2**64, "expected a whole number"),
        ("window.window_s", 10**400, "expected a number"),
        ("window.requests", True, "expected a whole number"),
        ("window.requests", -1, "expected 0 or more"),
        ("window.window_s", math.nan, "expected a number"),
        ("window.window_s", None, "expected a number"),
        ("window.errors", [], "expected an object"),
        ("window.errors.reset", "2", "expected a whole number"),
        ("window.unanswered.count", None, "expected a whole number"),
        ("window.histograms.response", 7, "expected a text"),
        ("window.response_p99_us", "long", "expected a number"),
        ("window.censored", 3, "expected an object"),
        ("samples.2.at_ns", None, "expected a whole number"),
        ("samples.0.affinity", "0", "expected a list"),
        ("samples.0.affinity", [0, "1"], None),
        ("workers.0.share.seed", "x", "expected a whole number"),
        ("spoiled_by", "nobody", "expected one of '"),
        ("asked.loads.load worker 1.cores", None, "expected a list"),
    ],
)
def test_a_fault_is_named_by_its_place(path: str, value: Any, expected: str | None) -> None:
    document = set_at(json.loads(json.dumps(to_json(WHOLE))), path, value)
    said = f"{path}: {expected}" if expected else f"{path}.1: expected a whole number"
    with pytest.raises(DocumentError) as error:
        from_json(TrialResult, document)
    assert str(error.value).startswith(said)


def test_what_is_missing_is_named() -> None:
    document = to_json(WHOLE)
    del document["window"]["requests"]
    with pytest.raises(DocumentError, match=r"^window\.requests: missing$"):
        from_json(TrialResult, document)
    with pytest.raises(DocumentError, match=r"^expected an object$"):
        from_json(TrialResult, [])
