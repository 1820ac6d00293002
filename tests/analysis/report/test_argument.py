"""The report's first sentence: whether the C10K argument holds, in which parts, by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import analysis
from analysis.claims.claim import load_claims
from analysis.claims.judgement import Word
from analysis.claims.verdicts import Verdict
from analysis.report.narrative import lead
from analysis.wording import TIMES
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

CLAIMS = load_claims()
EPOLL, POLL, SELECT, THREADS, NOT_A_PART = 2, 3, 8, 10, 11


def first(folder: Path, words: dict[int, Word]) -> str:
    """The first sentence over verdicts with a figure of 0.97 each."""
    verdicts = [
        Verdict(
            number,
            CLAIMS[number].title,
            word,
            0.97 if word is not Word.NOT_RUN else None,
            unit=CLAIMS[number].unit,
            details=CLAIMS[number],
        )
        for number, word in words.items()
    ]
    return lead(analysis.load(made.write_run(folder)), verdicts).partition(". ")[0]


def test_it_holds_whole(tmp_path: Path) -> None:
    parts = [number for number, claim in CLAIMS.items() if claim.argument]
    told = first(tmp_path, dict.fromkeys(parts, Word.REPRODUCED))
    assert told.startswith(
        "The C10K argument holds on this machine: "
        f"epoll does not mind idle connections (0.970{TIMES}), "
        f"poll collapses under idle connections (0.970{TIMES}), "
    )
    assert "not judged" not in told


def test_what_was_not_judged_is_not_taken_to_hold(tmp_path: Path) -> None:
    told = first(tmp_path, {SELECT: Word.REPRODUCED, POLL: Word.NOT_RUN})
    assert told.startswith("The C10K argument holds in 1 of 5 parts on this machine: select ")
    assert told.endswith("; 4 were not judged")


def test_it_holds_in_parts(tmp_path: Path) -> None:
    told = first(
        tmp_path,
        {EPOLL: Word.REPRODUCED, THREADS: Word.REFUTED, POLL: Word.INCONCLUSIVE},
    )
    assert told.startswith("The C10K argument holds in 1 of 5 parts on this machine: epoll does")
    assert "; refuted here: a thread per client ends at 512 threads (1 threads); not dec" in told
    assert f"not decided: poll collapses under idle connections (0.970{TIMES}); 2 were" in told


def test_it_does_not_hold(tmp_path: Path) -> None:
    told = first(tmp_path, {POLL: Word.REFUTED, EPOLL: Word.INCONCLUSIVE})
    assert told.startswith(
        "The C10K argument does not hold in 1 of 5 parts on this machine; refuted here: poll"
    )


def test_it_is_open(tmp_path: Path) -> None:
    told = first(tmp_path, {POLL: Word.INCONCLUSIVE})
    assert told.startswith("Whether the C10K argument holds on this machine is not decided: poll")


def test_nothing_is_said_of_it_where_none_of_its_parts_was_judged(tmp_path: Path) -> None:
    for words in ({}, {NOT_A_PART: Word.REPRODUCED}, {SELECT: Word.NOT_RUN}):
        assert first(tmp_path, words).startswith("5 servers stood up to")
