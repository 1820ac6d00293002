"""The documentation tells of every case."""

from __future__ import annotations

from contract.habits.table import cases_table
from experiments.paths import ROOT


def test_the_table_of_cases_is_current() -> None:
    text = (ROOT / "docs" / "habits.md").read_text(encoding="utf-8")
    assert cases_table() in text, "put the rows of contract.habits.table.cases_table() there"
