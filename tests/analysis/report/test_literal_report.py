"""The report of a run whose texts are hostile says them, and they do nothing."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import analysis
from analysis.cli.commands.report import show
from analysis.report.report import Report, build
from contract.columns.cells import written
from contract.literal import FORMULA, line, visible
from tests.support import made_up_run as made
from tests.support.hostile_texts import DOLLARS, HOSTILE, rendered, texts_of
from tests.support.trial_details import write_details

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
