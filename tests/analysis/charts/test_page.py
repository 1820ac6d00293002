"""The chart of the page is the picture's: the same panels, units and places, as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.charts.medians import series
from analysis.charts.model import (
    BYTES,
    MICROSECONDS,
    PLAIN,
    RATIO,
    SHARE,
    Axis,
    Chart,
    Line,
    Mark,
    Panel,
    Series,
    Unit,
)
from analysis.charts.page import as_json
from analysis.charts.palette import styles
from analysis.charts.scale import scale_of
from analysis.wording import TIMES

NAN = float("nan")


def panel(choice: str, *values: float, log: bool | None = None) -> Panel:
    x, y = np.arange(float(len(values))), np.array(values)
    one = Series("poll", "#cc4e00", x, y, marks=(Mark(0.0, NAN, "void"),), marker="^")
    return Panel(Axis("x"), Axis("y", MICROSECONDS, log), "t", (one,), (Line(1.5),), choice=choice)


def read(*panels: Panel) -> Any:
    return json.loads(as_json(Chart(panels)))["panels"]


def test_a_chart_without_choices_has_no_page() -> None:
    assert as_json(Chart((panel("", 1, 2),))) == ""


def test_panels_of_one_choice_are_laid_over_each_other() -> None:
    first, second = read(panel("a", 1, 2), panel("b", 3, 4), panel("a", 5, 6))
    assert [one["y"] for one in first["series"]] == [[1, 2], [5, 6]]
    assert len(first["lines"]) == 1
    assert second["choice"] == "b"


def test_what_was_not_measured_is_null() -> None:
    (shown,) = read(panel("a", 1.23456, NAN))
    assert shown["series"][0]["y"] == [1.235, None]
    assert shown["series"][0]["marks"] == [[0, None, "void", False]]
    assert shown["series"][0]["colour"].startswith("s")


def test_the_places_of_lower_bounds_are_named() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0], "a_low": 1.0, "a_high": 2.0})
    at = np.arange(2.0)
    usual = series(table, "a", at, styles(["poll"])["poll"], "poll")
    table["a_bounded"] = [False, True]
    marked = series(table, "a", at, styles(["poll"])["poll"], "poll")
    (shown,) = read(Panel(Axis("x"), Axis("y"), "t", (usual, marked), choice="a"))
    assert [one.get("bounds") for one in shown["series"]] == [None, [1]]


@pytest.mark.parametrize(
    ("values", "log", "expected"),
    [
        ((1, 5), None, False),
        ((1, 7), None, True),
        ((0, 7), None, False),
        ((1, 7), False, False),
        ((1, 2), True, True),
    ],
)
def test_values_that_spread_widely_are_logarithmic(
    values: tuple[float, ...], log: bool | None, expected: bool
) -> None:
    (shown,) = read(panel("a", *values, log=log))
    assert shown["log"] is expected


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        (PLAIN, 12_345.0, "12,300"),
        (PLAIN, 0.5, "0.5"),
        (PLAIN, 0.0, "0"),
        (MICROSECONDS, 250.0, "250 µs"),
        (MICROSECONDS, 2_500.0, "2.5 ms"),
        (MICROSECONDS, 1e6, "1 s"),
        (BYTES, 2.0**20 * 12, "12 MB"),
        (SHARE, 0.25, "25%"),
        (RATIO, 1.25, f"1.25{TIMES}"),
    ],
)
def test_a_unit_writes_its_values(unit: Unit, value: float, text: str) -> None:
    assert unit.text(value) == text


def test_settings_have_places_by_decades_with_room_for_zero() -> None:
    scale = scale_of([1000, 0, 10, 100, 10])
    assert scale.values == (0, 10, 100, 1000)
    np.testing.assert_allclose(scale.places([0, 10, 100, 1000]), [0, 1, 2, 3])
    assert scale.axis("idle").ticks[-1] == (3.0, "1,000")
    assert scale.place(0.001) == 0
    assert scale_of([10, 100]).place(0.1) == -1
