"""The page on servers of others, made from records: what it says is what they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.foreign import document
from tests.foreign.agreement import Agreement
from tests.foreign.document import LOADS
from tests.foreign.sweep import differences, outcome

if TYPE_CHECKING:
    from pathlib import Path

REASONS = {"keep_alive": "it ends\nconnections", "idle": "only 100 | held", "open_loop": ""}
QUIET = {
    "outcome": "completed",
    "validity": "void",
    "reason": "other programs used 1.2 cores in the window; stop them and run again",
    "spoiled_by": "surroundings",
    "steal_share": 0.0,
    "foreign_cpu_share": 1.2,
    "load": "keep_alive",
    "error_kinds": None,
    "errors": 0,
    "requests": 1_000,
    "littles_law_ratio": 1.0,
    "response_max_us": 100.0,
    "window_s": 1.0,
    "coverage": 1.0,
    "traced": False,
    "server_cpu_share": 1.0,
    "generator_cpu_share": 0.5,
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    rows = [
        {
            "server": server,
            "sweep": sweep,
            "load": sweep,
            "validity": "void" if REASONS.get(sweep) and server == "b" else "unsaturated",
            "reason": REASONS.get(sweep),
            "requests_per_s": 1_234.5,
            "response_p99_us": 2_500.0,
            "window_s": 0.6,
        }
        for server in ("a", "b")
        for sweep in LOADS
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "trials.csv")
    made_on = {"cpu": {"cores": 2}, "kernel": {"release": "6.18"}}
    (tmp_path / "manifest.json").write_text(json.dumps(made_on))
    return tmp_path


def test_page_says_of_each_trial_what_its_record_does(run: Path) -> None:
    agreements = [Agreement("a", (99.0, 101.0, 102.0), (100.0, 100.0, 100.0))]
    page = document.write(run, {"a": "1.0", "b": "2:8.4"}, agreements)
    found = document.outcomes(page)
    assert len(found) == 2 * len(LOADS)
    assert found["keep_alive", "a"] == "measured: it ends connections"
    assert found["keep_alive", "b"] == "void: it ends connections"
    assert found["idle", "b"] == "void: only 100 | held"
    assert found["open_loop", "a"] == "measured"
    assert "| `a` | 1.0 | 1,234/s (a) | 1,234/s | 1,234/s (b) | 2.5 ms | 1,234/s |" in page
    assert "| `a` | 1.010 | " in page


def test_trial_that_others_disturbed_is_judged_as_on_a_quiet_machine() -> None:
    assert outcome(QUIET) == "measured"
    assert outcome({**QUIET, "coverage": 0.5}).startswith("disturbed: only 50.0%")
    failed = {**QUIET, "outcome": "failed", "reason": "refused", "spoiled_by": "server_gone"}
    assert outcome(failed) == "void: refused"


@pytest.mark.parametrize(
    ("found", "there"),
    [
        ("measured", False),
        ("measured: a note", True),
        ("void: measured", True),
        ("disturbed: who knows", False),
    ],
)
def test_whole_outcome_has_to_be_as_expected(found: str, there: bool) -> None:
    trial = ("idle", "a")
    assert bool(differences({trial: found}, {trial: "measured"})) is there
    assert differences({}, {trial: "measured"})
    assert differences({trial: "measured"}, {})
