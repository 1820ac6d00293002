"""What is wrong with a claim's file is told, with the file and the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analysis.claims.claim import load_claims
from contract.exits import LabError

if TYPE_CHECKING:
    from pathlib import Path

FAULTS: dict[str, tuple[str, str]] = {
    "figure": ("figure: requests_per_s", "figure: request_per_s"),
    "setting": ("of: {server: poll}", "of: {sever: poll}"),
    "both": ("of: {server: poll}", "of: {server: poll}\n      among: [{}, {}]"),
    "neither": ("of: {server: poll}", "unit: x"),
    "over and since": ("unit: x", "over: {}\n      since: {}"),
    "per nothing": ("unit: x", "per: requests"),
    "a line of a ratio": ("unit: x", "over: {}\n      line: {along: backlog, gives: slope}"),
    "a line on nothing": ("unit: x", "line: {along: weather, gives: slope}"),
    "sentence": ("sentence: '{ratio}'", "sentence: '{ration}'"),
    "nobody decides": ("unit: x", "decides: false"),
    "judge": ("judge: compare", "judge: nobody"),
}
FILE = """\
id: 99
title: t
sentence: s
source: {name: n}
published: {text: p}
experiment: smoke
expression: e
judge: compare
bound: {min: 2, text: b}
why: w
refuted_because: {text: r}
parameters:
  parts:
    ratio:
      label: l
      figure: requests_per_s
      of: {server: poll}
      unit: x
  sentence: '{ratio}'
"""


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_told_with_file_and_key(tmp_path: Path, name: str) -> None:
    good, bad = FAULTS[name]
    assert good in FILE
    (tmp_path / "good.yaml").write_text(FILE)
    assert load_claims(tmp_path)
    load_claims.cache_clear()
    (tmp_path / "good.yaml").write_text(FILE.replace(good, bad))
    with pytest.raises(LabError, match=r"good.yaml: (parameters|judge)"):
        load_claims(tmp_path)


def test_a_cause_that_nothing_measures_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(FILE.replace("text: r", "text: 'it was {heat}'"))
    with pytest.raises(LabError, match="heat, which nothing measures"):
        load_claims(tmp_path)
