"""Texts from outside are literal in every medium: cells, Markdown, pictures, pages, terminals."""

from __future__ import annotations

import csv
import io
import re
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from rich.console import Console
from rich.table import Table

from analysis.charts.model import Axis, Chart, Line, Panel, Series
from analysis.charts.palette import INK
from analysis.charts.picture import save
from analysis.charts.svg import inline
from analysis.records.csv_out import write_csv
from analysis.rendering import environment, markdown
from contract.console import cell, echo, say
from contract.literal import FORMULA, guarded, line, unguarded, visible
from tests.support.hostile_texts import HOSTILE, rendered, texts, texts_of

# What all media share.


@given(texts)
def test_what_is_visible_acts_on_nothing_and_stays_so(text: str) -> None:
    shown = visible(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]", shown)
    assert visible(shown) == shown
    assert shown.encode().decode() == shown
    assert "\n" not in line(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[1mb", "a\\u001b[1mb"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("plain \u2013 \u00a0é 漢 \U0001f469\u200d\U0001f4bb\t\n", None),
    ],
)
def test_what_acts_is_shown_by_its_number_and_the_rest_as_it_is(
    text: str, shown: str | None
) -> None:
    assert visible(text) == (text if shown is None else shown)


# CSV.


@given(texts)
def test_a_cell_is_no_formula_and_reads_back_equal(text: str) -> None:
    written = guarded(text)
    assert not written.startswith(FORMULA)
    assert unguarded(written) == text


@pytest.mark.parametrize("text", ["poll", "it's", "'twas", "a=b", "1-2", ""])
def test_a_harmless_cell_is_written_as_it_is(text: str) -> None:
    assert unguarded(text) == text
    assert guarded(text) == (text if not text.startswith("'") else f"'{text}")


def test_a_table_is_written_without_formulas_and_with_its_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame({"text": list(HOSTILE), "number": [-1.5] * len(HOSTILE)})
    table["kind"] = table["text"].astype("category")
    write_csv(table, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, text in zip(rows, HOSTILE, strict=True):
        assert unguarded(row["text"]) == unguarded(row["kind"]) == line(text)
        assert not row["text"].startswith(FORMULA)
        assert row["number"] == "-1.5"


@given(texts)
def test_markdown_shows_a_text_as_it_is(text: str) -> None:
    literal = " ".join(visible(" ".join(text.split())).split())
    assert rendered(f"{markdown(text)}\n") == literal
    assert rendered(f"| h |\n| --- |\n| {markdown(text)} |\n") == f"h {literal}".strip()
    assert rendered(f"- x {markdown(text)}\n") == f"x {literal}".strip()


@pytest.mark.parametrize("text", [*HOSTILE, "http://e.example", "WWW.e.example"])
def test_markdown_makes_no_link_and_no_formula(text: str) -> None:
    source = markdown(text)
    assert "://" not in source
    assert "www." not in source.lower()
    assert not re.search(r"(?<!\\)\$", source)


# Pages.


def test_a_page_shows_what_acts_by_its_number() -> None:
    page = environment().from_string("{{ a }}{{ b }}")
    assert page.render(a="\x1b\u202e", b=7) == "\\u001b\\u202e7"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_picture_shows_a_text_as_it_is(text: str, tmp_path: Path) -> None:
    one = Series(text, INK, np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    x, y = Axis(text, ticks=((1.0, text), (2.0, "two"))), Axis(text)
    panel = Panel(x, y, text, (one,), (Line(1.5, text),))
    svg = save(Chart((panel,)), tmp_path, "f")
    shown = " ".join(visible(text).split())
    assert texts_of(svg).count(shown) == 6
    inside = inline(svg, "f", escape("label \\1 \\g<0>", quote=True))
    assert texts_of(inside).count(shown) == 6
    assert 'aria-label="label \\1 \\g&lt;0&gt;"' in inside


# The terminal.


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_shows_a_text_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    echo(text)
    assert capsys.readouterr().out == f"{visible(text)}\n"
    seen = io.StringIO()
    say(Console(file=seen, width=200, color_system="truecolor", force_terminal=True), text)
    assert seen.getvalue() == f"{visible(text)}\n"
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row(cell(text))
    seen = io.StringIO()
    Console(file=seen, width=200).print(table)
    assert seen.getvalue().rstrip() == visible(text).rstrip()
