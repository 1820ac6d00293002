"""What the page of a report says beside its figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis import wording
from analysis.charts.palette import css_variables
from analysis.claims import verdicts
from analysis.report.machine import machine
from analysis.report.narrative import lead, more
from analysis.report.server_page import pages, verdict_in_short
from analysis.report.server_points import reference_of
from analysis.statistics.lower_bounds import doubts
from analysis.statistics.noise_floor import warnings
from analysis.tables import as_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.claims.verdicts import Verdict
    from analysis.records.run import Run

SYMBOLS = {"reproduced": "✓", "refuted": "✗", "inconclusive": "?", "not run": "○"}
GLANCE_FROM = 10
"""Verdicts; more than these get a line of their numbers above the table on any screen."""
VOID_SHOWN = ["block", "server", "active_connections", "idle_connections", "backlog"]
VOID_SHOWN += ["spoiled_by", "reason"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A part of an experiment that is made of others: what it asks, and its claims."""

    name: str
    question: str
    verdicts: list[Verdict]


def page(run: Run, found: Sequence[Verdict], notes: list[str]) -> dict[str, object]:
    """Everything that a template may use beside the sections."""
    void = run.void[list(VOID_SHOWN)].sort_values("block", kind="stable").reset_index(drop=True)
    if void["spoiled_by"].isna().all():
        void = void.drop(columns="spoiled_by")
    blocks = run.trials["block"].nunique()
    return {
        "run": run,
        "name": run.name,
        "run_id": run.manifest.run or run.path.name,
        "question": run.manifest.question or "",
        "started": str(run.trials["started_at"].min())[:16],
        "lead": lead(run, found),
        "more": more(run),
        "doubts": [
            doubt[:1].upper() + doubt[1:] for doubt in (*warnings(run.trials), *doubts(run))
        ],
        "parts_asked": [
            Asked(name, question, [one for one in found if _of_part(one, name)])
            for name, question in run.manifest.questions.items()
        ],
        "glance_from": GLANCE_FROM,
        "pages": pages(run),
        "reference": reference_of(run),
        "in_short": verdict_in_short,
        "verdicts": found,
        "counts": verdicts.counted(found),
        "notes": notes,
        "void": as_table(void),
        "repeats": blocks,
        "machine": machine(run.manifest),
        "manifest": json.dumps(run.manifest.raw, indent=2, sort_keys=True, ensure_ascii=False),
        "symbols": SYMBOLS,
        "colours": css_variables(),
        "text": wording,
    }


def _of_part(verdict: Verdict, name: str) -> bool:
    """Whether a verdict is on a claim that this experiment feeds."""
    return verdict.details is not None and verdict.details.experiment == name
