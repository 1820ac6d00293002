"""The documentation tells of every case."""

from __future__ import annotations

from experiments.paths import ROOT
from tests.support.cases_table import cases_table


def test_the_table_of_cases_is_current() -> None:
    text = (ROOT / "docs" / "habits.md").read_text(encoding="utf-8")
    assert cases_table() in text, "put the rows of tests.support.cases_table.cases_table() there"
