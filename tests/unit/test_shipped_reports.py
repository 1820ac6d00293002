"""The records of every experiment that the lab ships give a report, whatever was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from analysis.records import load
from analysis.report import build
from analysis.server_points import points
from experiments.load import find, names, read
from experiments.manifest import usual
from experiments.plan import plan
from tests.unit import analysis_data as made

if TYPE_CHECKING:
    from pathlib import Path

    from experiments.schema import Experiment

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
        rows.append(row)
    return pd.DataFrame(rows, columns=list(made.trials(1).columns))


@pytest.mark.parametrize("name", names())
def test_its_records_give_a_report(name: str, tmp_path: Path) -> None:
    experiment = read(find(name))
    folder = made.write_run(
        tmp_path / name,
        records(experiment),
        experiment=name,
        claims=experiment.claims,
        figures=experiment.figures,
        usual=usual(experiment),
    )
    found = build(folder)
    assert [one.claim for one in found.verdicts] == experiment.claims
    run = load(folder)
    table = points(run)
    assert not table.duplicated(["server", "condition"]).any()
    untraced = run.trials[~run.trials["traced"].to_numpy(dtype=bool)]
    assert table["n"].sum() + table["void"].sum() == len(untraced)
