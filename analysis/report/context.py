"""What the templates of a report get beside its figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.claims import verdicts
from analysis.claims.verdicts import Verdict
from analysis.outcomes.limits_hit import limits_hit
from analysis.outcomes.lower_bounds import doubts
from analysis.records.emulated import emulated
from analysis.records.run import Run
from analysis.records.words import starved
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
"""Columns of a trial that there is something to say of."""
VOID_SHOWN = [*SHOWN, "spoiled_by", "reason"]
STARVED_SHOWN = [*SHOWN, "requests_per_s", "coverage", "reason"]


@dataclass(frozen=True, slots=True)
class ExperimentPart:
    """An experiment that this one includes: its question, and the verdicts on its claims."""

    name: str
    question: str
    verdicts: list[Verdict]


def page(run: Run, found: Sequence[Verdict], notes: list[str]) -> dict[str, object]:
    """Everything that the templates use beside the sections."""
    void = _in_order(run.void[VOID_SHOWN])
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
                *emulated(run.manifest.servers),
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
        "reached": as_table(_limits(run)),
        "starved": as_table(_starved(run)),
        "void": as_table(void),
        "remarks": as_table(_remarks(run)),
        "over": over(run),
        "looks": bool(run.manifest.budget_s),
        "machine": machine(run.manifest),
        "manifest": json.dumps(run.manifest.raw, indent=2, sort_keys=True, ensure_ascii=False),
    }


def _remarks(run: Run) -> pd.DataFrame:
    """The trials that were measured and have something to be known of them."""
    told = run.measured[run.measured["reason"].astype("string").fillna("") != ""]
    return _in_order(told[[*SHOWN, "reason"]]).rename(columns={"reason": "remark"})


def _starved(run: Run) -> pd.DataFrame:
    shown = _in_order(run.trials[starved(run.trials)][STARVED_SHOWN])
    return shown.rename(columns={"coverage": "served_share"})


def _limits(run: Run) -> pd.DataFrame:
    """The limits that servers reached, with how far they went, as `LimitHit` has them."""
    rows = [
        {"server": hit.server, "limit": hit.limit, "asked": hit.asked, "of": hit.of,
         "held": hit.held, "held_low": hit.lowest, "held_high": hit.highest, "trials": hit.trials}
        for hit in limits_hit(run.trials)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _in_order(trials: pd.DataFrame) -> pd.DataFrame:
    return trials.sort_values("block", kind="stable", ignore_index=True)


def _of_part(verdict: Verdict, name: str) -> bool:
    """Whether the experiment `name` feeds the claim of a verdict."""
    return verdict.details is not None and verdict.details.experiment == name
