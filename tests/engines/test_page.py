"""The page of outcomes has each engine of the catalogue, and what was seen there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.engines import page
from tests.engines.cases import CASES
from tests.engines.catalogue import ENGINES, Engine
from tests.engines.page import Outcome, Record

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = dict.fromkeys(("docker", "compose", "python", "images", "cgroups"), "1.2")


def record(engine: Engine) -> Record:
    """Of a run in which nothing failed."""
    outcomes = [Outcome(case, "works", f"{case} seen", 1.5) for case in engine.cases]
    return Record(engine.name, VERSIONS, outcomes)


def test_every_engine_has_cases_that_there_are() -> None:
    assert all(set(engine.cases) <= CASES.keys() for engine in ENGINES)
    assert set().union(*(engine.cases for engine in ENGINES)) == CASES.keys()


def test_a_page_has_what_was_seen() -> None:
    text = page.write({engine.name: record(engine) for engine in ENGINES})
    works = "doctor, smoke, second_start, stranger, ui, clean"
    assert f"| `trixie` | 1.2 | 1.2 | 1.2 | 1.2 | 1.2 | {works} |" in text
    assert "doctor seen; smoke seen" in text


def test_records_are_read_as_they_were_kept(tmp_path: Path) -> None:
    kept = {engine.name: record(engine) for engine in ENGINES}
    for one in kept.values():
        one.save(tmp_path)
    assert page.load(tmp_path) == kept
    assert page.missing(kept) == []


def test_an_engine_of_which_a_case_failed_or_was_not_tried_is_missing() -> None:
    engine = ENGINES[0]
    kept = {one.name: record(one) for one in ENGINES}
    whole = kept[engine.name]
    failed = replace(whole.outcomes[0], outcome="failed")
    for outcomes in ([failed, *whole.outcomes[1:]], whole.outcomes[1:]):
        assert page.missing({**kept, engine.name: replace(whole, outcomes=outcomes)}) == [
            engine.name
        ]
    assert page.missing({}) == [one.name for one in ENGINES]
