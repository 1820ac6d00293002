"""What the templates of a report get beside its figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.claims import verdicts
from analysis.claims.verdicts import Verdict
from analysis.outcomes.lower_bounds import doubts
from analysis.records.run import Run
from analysis.report.machine import machine, unlike_cores
from analysis.report.more_blocks import over
from analysis.report.narrative import lead, more
from analysis.report.server_page import pages, verdict_in_short
from analysis.report.server_points import reference_of
from analysis.statistics.noise_floor import warnings
from analysis.tables import as_table

GLANCE_FROM = 10
"""More verdicts than these get a line of their numbers above the table on any screen; fewer only on
a narrow one."""
SHOWN = ["block", "server", "active_connections", "idle_connections", "backlog"]
"""Of a trial that there is something to say of."""
VOID_SHOWN = [*SHOWN, "spoiled_by", "reason"]


@dataclass(frozen=True, slots=True)
class ExperimentPart:
    """An experiment that this one includes: its question, and the verdicts on its claims."""

    name: str
    question: str
    verdicts: list[Verdict]


def page(run: Run, found: Sequence[Verdict], notes: list[str]) -> dict[str, object]:
    """Everything that the templates use beside the sections."""
    void = run.void[VOID_SHOWN].sort_values("block", kind="stable").reset_index(drop=True)
    if void["spoiled_by"].isna().all():
        void = void.drop(columns="spoiled_by")
    return {
        "name": run.name,
        "run_id": run.manifest.run or run.path.name,
        "question": run.manifest.question or "",
        "started": str(run.trials["started_at"].min())[:16],
        "lead": lead(run, found),
        "more": more(run),
        "doubts": [
            doubt[:1].upper() + doubt[1:]
            for doubt in (
                *(run.unfinished, unlike_cores(run.manifest)),
                *warnings(run.trials),
                *doubts(run),
            )
            if doubt
        ],
        "experiment_parts": [
            ExperimentPart(name, question, [one for one in found if _of_part(one, name)])
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
        "remarks": as_table(_remarks(run)),
        "over": over(run),
        "looks": bool(run.manifest.budget_s),
        "machine": machine(run.manifest),
        "manifest": json.dumps(run.manifest.raw, indent=2, sort_keys=True, ensure_ascii=False),
    }


def _remarks(run: Run) -> pd.DataFrame:
    """The trials that count and have something to be known of them."""
    told = run.valid[run.valid["reason"].astype("string").fillna("") != ""]
    shown = told[[*SHOWN, "reason"]].sort_values("block", kind="stable", ignore_index=True)
    return shown.rename(columns={"reason": "remark"})


def _of_part(verdict: Verdict, name: str) -> bool:
    """Whether the experiment `name` feeds the claim of a verdict."""
    return verdict.details is not None and verdict.details.experiment == name
