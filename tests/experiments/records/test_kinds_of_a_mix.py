"""The kinds of requests of a mix are told apart in a row."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from contract.result.distribution import Distribution
from tests.support.results import (
    a_distribution,
    a_result,
    a_window,
)
from tests.support.rows import row_of


def with_kinds(kinds: dict[str, Distribution]) -> dict[str, Any]:
    """The row of a mix."""
    response = a_window().distributions["response"]
    distributions = {f"response {path}": one for path, one in kinds.items()}
    window = a_window(distributions={"response": response, **distributions})
    return row_of(a_result(window=window))


def test_the_kinds_of_a_mix_are_told_apart() -> None:
    kinds = json.loads(
        with_kinds(
            {
                "/": a_distribution(count=9, p50_us=80.0, p99_us=90.0),
                "/db/10": a_distribution(count=1, p50_us=1e4, p99_us=2e4),
                "/bytes/9": Distribution(histogram=""),
            }
        )["kinds"]
    )
    assert kinds["/"] == {"requests": 9, "p50_us": 80.0, "p99_us": 90.0}
    assert kinds["/db/10"] == {"requests": 1, "p50_us": 1e4, "p99_us": 2e4}
    assert kinds["/bytes/9"] == {"requests": 0, "p50_us": None, "p99_us": None}
    assert row_of(a_result())["kinds"] is None


def test_a_kind_names_those_of_its_times_that_are_lower_bounds() -> None:
    low = replace(a_distribution(count=9, p99_us=5_000.0), lower_bounds=("p99_us", "max_us"))
    row = with_kinds({"/": a_distribution(count=9, p50_us=100.0), "/db": low})
    kinds = json.loads(row["kinds"])
    assert "lower_bounds" not in kinds["/"]
    assert kinds["/db"]["lower_bounds"] == ["p99_us"]
    assert row["lower_bounds"] == ""
