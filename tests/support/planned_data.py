"""Made-up records of the plans of the experiments that the lab ships."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.plan.experiment_file import find, read
from experiments.plan.trials import plan
from experiments.records.manifest import usual
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    from experiments.plan.schema import Experiment

MEASURED = ("requests_per_s", "server_cpu_us_per_request", "response_p99_us", "connect_p99_us")


def records(experiment: Experiment) -> pd.DataFrame:
    """A row for each planned trial, every one with the figures of one row, give or take a tenth."""
    rng = np.random.default_rng(1)
    example = {**made.one_row(), "idle_connect_s": 0.1}
    rows: list[dict[str, Any]] = []
    for trial in plan(experiment):
        settings, foreign = trial.point.settings, trial.point.foreign
        row = example | settings.recorded
        row |= {name: example[name] * rng.uniform(0.9, 1.1) for name in MEASURED}
        row |= {"trial": trial.id, "point": trial.point.name, "sweep": trial.point.sweep}
        row |= {"block": trial.block, "position": trial.position, "repeat": trial.repeat}
        row |= {"origin": foreign.origin if foreign else "lab"}
        row |= {"active_established": row["active_connections"]}
        row |= {"idle_established": row["idle_connections"]}
        if settings.without_clients:
            row |= {"wait_us": 1.0, "bare_us": 1.0, "watched_held": settings.watched}
        if settings.workers:
            parts = np.sort(rng.dirichlet(np.ones(settings.workers)))
            row["worker_cpu_shares"] = json.dumps([round(float(part), 3) for part in parts])
            if settings.idle_connections:
                held = [int(part * settings.idle_connections) for part in parts]
                row["worker_connections"] = json.dumps(held)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(made.trials(1).columns))


def write(folder: Path, name: str) -> Path:
    """The folder of a run of a shipped experiment."""
    experiment = read(find(name))
    return made.write_run(
        folder,
        records(experiment),
        experiment=name,
        claims=experiment.claims,
        figures=experiment.figures,
        usual=usual(experiment),
    )
