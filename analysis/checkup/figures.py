"""The figures of answers as text, tables and pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.charts.model import MICROSECONDS, Axis, Chart, Line, Panel, Series
from analysis.charts.palette import INK, styles
from analysis.checkup.answer import Answer, Row, ServerRows, Value
from analysis.checkup.answers.cost import at_shares
from analysis.tables import Table
from analysis.wording import (
    MISSING,
    TIMES,
    at_least,
    at_most,
    count,
    duration,
    number,
    server_name,
    share,
    size,
)
from contract.checkup.description import COSTS, HOLDS
from contract.checkup.figures import FIGURES, Unit
from contract.checkup.kept import P99, Limits, Word, word_of

HEIGHT_IN = 3.2
MANY = 4
"""Servers; so many and more do not stand beside each other."""
WHOLE_FROM = 100
"""A mean of counts has no decimals from here on."""
LABELS: dict[Word, str] = {
    "kept": "within the limits",
    "broken": "not within the limits",
    "load": "too fast for the load",
    "unanswered": "some without an answer",
}
"""Labels of a search's trials; those that say nothing are not drawn."""


def written(unit: Unit, value: float) -> str:
    """A figure with its unit."""
    if unit == "per_s":
        return f"{count(value)}/s"
    if unit == "share":
        return share(value)
    if unit == "us":
        return duration(value)
    if unit == "s":
        return duration(value * 1e6) if value else "0 s"
    if unit == "bytes":
        return size(value)
    if unit == "times":
        return f"{number(value, 2)}{TIMES}"
    return count(value) if float(value).is_integer() or value >= WHOLE_FROM else number(value, 2)


def table(question: str, answers: Sequence[Answer]) -> Table:
    """A row for each figure of the question that one of the servers has, a column for each of these
    servers; of many servers a row for each of them."""
    shown = [
        one
        for one in FIGURES
        if one.question == question and any(one.name in answer.figures for answer in answers)
    ]
    names = [server_name(answer.server) for answer in answers]
    if len(answers) >= MANY and shown:
        by_server = [
            [name, *(cell(one.unit, answer.figures.get(one.name)) for one in shown)]
            for name, answer in zip(names, answers, strict=True)
        ]
        headings = ["server", *(one.meaning for one in shown)]
        return Table(headings, by_server, [False, *(True for _ in shown)])
    rows = [
        [one.meaning, *(cell(one.unit, answer.figures.get(one.name)) for answer in answers)]
        for one in shown
    ]
    return Table(["figure", *names], rows, [False, *(True for _ in names)])


def meaning(name: str) -> str:
    """What a figure is, in a few words."""
    return next(one.meaning for one in FIGURES if one.name == name)


def cell(unit: Unit, value: Value | None) -> str:
    """A figure as a cell, with its interval if it has one."""
    if value is None:
        return MISSING
    if not value.bounded:
        return written(unit, value.value)
    if value.high is None:
        return at_least(written(unit, value.value if value.low is None else value.low))
    if value.low is None:
        return at_most(written(unit, value.high))
    between = f"{written(unit, value.low)} to {written(unit, value.high)}"
    return f"{written(unit, value.value)} ({between})"


def search_picture(searches: Sequence[ServerRows]) -> Chart | None:
    """The trials of each search: filled where the limits were kept, hollow where they were not.
    None where none says anything."""
    panels = tuple(panel for asked in searches if (panel := _search(asked, len(searches) > 1)))
    return Chart(panels, height_in=HEIGHT_IN) if panels else None


def _search(asked: ServerRows, named: bool) -> Panel | None:
    limits = asked.about.rules.limits
    rows = [row for row in asked.of(HOLDS) if row[P99] is not None]
    if not rows:
        return None
    groups = [
        series
        for word, label in LABELS.items()
        if (series := _trials(asked.server, _of_word(rows, limits, word), word, label))
    ]
    if not groups:
        return None
    limit = Line(limits.p99_ms * 1_000, f"{limits.p99_ms:g} ms", upright=False, colour=INK)
    x = Axis("requests per second, offered")
    y = Axis("response time, p99", MICROSECONDS, log=True)
    title = f"The search: {server_name(asked.server)}" if named else "The search"
    return Panel(x, y, title, tuple(groups), (limit,))


def _of_word(rows: Sequence[Row], limits: Limits, word: Word) -> list[Row]:
    return [row for row in rows if word_of(row, limits) == word]


def _trials(server: str, rows: Sequence[Row], word: str, label: str) -> Series | None:
    if not rows:
        return None
    look = styles([server])[server]
    return Series(
        label,
        look.colour,
        np.array([row["rate_per_s"] for row in rows], dtype="float64"),
        np.array([row[P99] for row in rows], dtype="float64"),
        marker=look.marker,
        dash=None,
        hollow=word != "kept",
    )


def cost_picture(all_asked: Sequence[ServerRows]) -> Chart | None:
    """Processor time of a request by the share of the rate that each server holds."""
    names = [one.server for one in all_asked]
    looks = styles(names)
    lines = []
    for asked in all_asked:
        rows = {
            share: row
            for share, row in at_shares(asked).items()
            if row["server_cpu_us_per_request"] is not None
        }
        if rows:
            lines.append(
                Series(
                    server_name(asked.server),
                    looks[asked.server].colour,
                    np.array([float(COSTS.index(share)) for share in rows]),
                    np.array([row["server_cpu_us_per_request"] for row in rows.values()]),
                    marker=looks[asked.server].marker,
                )
            )
    if not lines:
        return None
    ticks = tuple((float(place), f"{one:.0%}") for place, one in enumerate(COSTS))
    x = Axis("of the rate that it holds", ticks=ticks, low=-0.3, high=len(COSTS) - 0.7)
    y = Axis("CPU time of a request", MICROSECONDS, log=None)
    return Chart((Panel(x, y, "Cost", tuple(lines)),), height_in=HEIGHT_IN)
