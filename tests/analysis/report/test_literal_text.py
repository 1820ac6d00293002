"""Texts from outside are literal in every medium: cells, Markdown, pictures, pages, terminals."""

from __future__ import annotations

import csv
import io
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.parsers.expat import ParserCreate

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from rich.table import Table

import analysis
from analysis.charts.model import Axis, Chart, Line, Panel, Series
from analysis.charts.palette import INK
from analysis.charts.picture import save
from analysis.charts.svg import inline
from analysis.cli.commands.report import show
from analysis.records.csv_out import write_csv
from analysis.rendering import environment, markdown
from analysis.report.report import Report, build
from contract.cells import written
from contract.console import cell, echo, say
from contract.literal import FORMULA, guarded, line, unguarded, visible
from tests.support import made_up_run as made
from tests.support.trial_details import write_details

DOLLARS = "/a?x=$1_a_b&b=$2"
HOSTILE = (
    DOLLARS,
    "<script>alert(1)</script><b title='",
    "a|b `c` [d](http://e.example) ![f](g) www.h.example ~~i~~ *j* _k_ # l",
    '=HYPERLINK("http://e.example";"m")',
    "+1-1",
    "-2+3|cmd' /C calc'!A0",
    "@SUM(1)",
    "'=quoted",
    "red \x1b[31m bell \x07 nul \x00 back \r\x85",
    "\u202egnp.exe\u2066 \ud800",
    "[bold]n[/nope] [link=http://e.example]o[/link]",
    '#1f77b4 id="p url(#q href="#r \\1 \\g<2>',
    "1. s",
    "- t",
    "--- ",
    "{{ 7 * 7 }} {% raw %}",
    "&lt;u&gt; &#36;",
)
texts = st.one_of(st.text(max_size=40), st.sampled_from(HOSTILE))


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


# Markdown.


def rendered(source: str) -> str:
    """What a reader of the Markdown sees."""
    seen = io.StringIO()
    parser = HTMLParser()
    parser.handle_data = seen.write  # type: ignore[assignment,method-assign]
    parser.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source))
    parser.close()
    return " ".join(seen.getvalue().split())


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


# Pictures.


def texts_of(svg: str) -> list[str]:
    """The texts of an SVG, which has to be well formed."""
    found: list[str] = []
    parser = ParserCreate()
    parser.buffer_text = True
    parser.CharacterDataHandler = found.append
    parser.StartElementHandler = lambda *_: None  # so that each element's text comes by itself
    parser.Parse(svg, True)
    return [" ".join(text.split()) for text in found]


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


# The whole report.


def hostile_trials() -> pd.DataFrame:
    """Records as the lab writes them, with hostile texts wherever a text may come from outside."""
    frame = made.trials(5)
    words = pd.Series([HOSTILE[n % len(HOSTILE)] for n in range(len(frame))])
    frame["path"] = DOLLARS
    frame["reason"] = words
    frame["server_limit"] = words
    frame["experiment"] = HOSTILE[3]
    frame["run"] = HOSTILE[1]
    frame["sweep"] = frame["sweep"].where(frame["sweep"] == "reference", HOSTILE[2])
    names = dict(zip(("poll", "iterative", "thread_per_connection"), HOSTILE[:3], strict=True))
    frame["server"] = frame["server"].replace(names)
    for column in frame.columns:
        frame[column] = frame[column].map(lambda one: written(one) if isinstance(one, str) else one)
    return frame


QUESTIONS: dict[str, Any] = {
    "question": f"{DOLLARS} {HOSTILE[8]} {HOSTILE[1]}",
    "questions": dict(zip(HOSTILE, reversed(HOSTILE), strict=True)),
}


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    folder = made.write_run(tmp_path_factory.mktemp("hostile"), hostile_trials(), **QUESTIONS)
    write_details(folder, hostile_trials())
    return folder, build(folder)


def test_records_of_hostile_texts_read_back_equal(reported: tuple[Path, Report]) -> None:
    trials = analysis.load(reported[0]).trials
    words = [line(HOSTILE[n % len(HOSTILE)]) for n in range(len(trials))]
    assert trials["reason"].astype(str).tolist() == words
    assert trials["experiment"].astype(str).unique().tolist() == [HOSTILE[3]]


class Elements(HTMLParser):
    """The elements of a page, and the text outside scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.said: list[str] = []
        self.links: set[str] = set()
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.scripts += tag == "script"
        self.links |= {value for name, value in attrs if name == "href" and value}
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.said.append(data)


def test_a_page_of_hostile_texts_says_them_and_does_nothing(reported: tuple[Path, Report]) -> None:
    page = reported[1].html.read_text(encoding="utf-8")
    found = Elements()
    found.feed(page)
    assert "<script>alert" not in page
    assert not any("e.example" in link for link in found.links if not link.startswith("#"))
    said = "".join(found.said)
    for text in HOSTILE:
        assert visible(text) in said or " ".join(visible(text).split()) in " ".join(said.split())


def test_a_text_of_hostile_texts_says_them_and_does_nothing(reported: tuple[Path, Report]) -> None:
    said = rendered(reported[1].markdown.read_text(encoding="utf-8"))
    for text in HOSTILE:
        assert " ".join(visible(" ".join(text.split())).split()) in said


def test_no_file_of_a_report_holds_what_cannot_be_seen(reported: tuple[Path, Report]) -> None:
    written = [
        path
        for path in reported[0].rglob("*")
        if path.suffix in (".html", ".md", ".csv", ".svg") and path.is_file()
    ]
    assert len(written) > 8
    for path in written:
        text = SCRIPT.sub("", path.read_text(encoding="utf-8"))
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), path
        if path.suffix == ".csv":
            with path.open(newline="", encoding="utf-8") as file:
                cells = [one for row in csv.reader(file) for one in row]
            formulas = [one for one in cells if one.startswith(FORMULA) and not is_number(one)]
            assert formulas == [], path
        elif path.suffix == ".svg":
            assert texts_of(text)


SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_a_terminal_that_is_told_of_hostile_texts_shows_them(
    reported: tuple[Path, Report], capsys: pytest.CaptureFixture[str]
) -> None:
    show(reported[1])
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", capsys.readouterr().out)
