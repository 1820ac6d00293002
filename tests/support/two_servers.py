"""Made-up runs that compare two servers: equal ones, unless something is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from contract.columns import COLUMNS
from contract.compared import Compared
from experiments.plan.capacity import Limits
from experiments.plan.trials import more_block, pairs, plan, points
from experiments.plan.two_servers import choose_two
from experiments.records.manifest import usual
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    from experiments.plan.schema import Experiment
    from experiments.plan.trials import Trial

A, B = "shop_1", "shop_2"
BUDGET_S = 600.0
RATES = ("requests_per_s",)
COSTS = ("server_cpu_us_per_request", "response_p50_us", "response_p99_us", "response_p999_us")
STEADY = ("server_rss_bytes",)
Change = Callable[[pd.DataFrame], None]


def asked(repeats: int = 5, **choice: Any) -> Experiment:
    """The usual experiment of two images."""
    return choose_two("shop:1", "shop:2", repeats=repeats, **choice).experiment


def records(
    trials: list[Trial], seed: int = 1, noise: float = 0.05, drift: float = 0.2
) -> pd.DataFrame:
    """A row for each trial: blocks differ by `drift`, and the trials in a block by `noise`."""
    rng = np.random.default_rng(seed)
    example = made.one_row()
    of_block = np.exp(rng.normal(0, drift, 1 + max(trial.block for trial in trials)))
    rows = []
    for trial in trials:
        speed = of_block[trial.block] * np.exp(rng.normal(0, noise))
        foreign = trial.point.foreign
        row = example | trial.point.settings.recorded
        row |= {name: example[name] * speed for name in RATES}
        row |= {name: example[name] / speed for name in COSTS}
        row |= {name: round(example[name] * np.exp(rng.normal(0, 0.002))) for name in STEADY}
        row |= {"trial": trial.id, "point": trial.point.name, "sweep": trial.point.sweep}
        row |= {"block": trial.block, "position": trial.position, "repeat": trial.repeat}
        row |= {"origin": foreign.origin if foreign else "lab"}
        rows.append(row)
    columns = list(made.trials(1).columns)
    texts = [column.name for column in COLUMNS if column.kind == "text"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(texts, "object"))


def factor(of: float, server: str = B) -> Change:
    """The server is `of` times as fast."""

    def change(frame: pd.DataFrame) -> None:
        mine = frame["server"] == server
        for names, by in ((RATES, of), (COSTS, 1 / of)):
            frame.loc[mine, list(names)] *= by

    return change


def write(
    folder: Path,
    change: Change | None = None,
    experiment: Experiment | None = None,
    more: int = 0,
    without: str = "",
    **changes: Any,
) -> Path:
    """A run's folder, with so many blocks of all points beyond the plan, and `without` a server;
    `changes` are of the manifest, but for those of `records`."""
    experiment = experiment or asked()
    own = {name: changes.pop(name) for name in ("seed", "noise", "drift") if name in changes}
    every = points(experiment)
    trials = plan(experiment)
    for block in range(experiment.repeats + 1, experiment.repeats + more + 1):
        names = [one.name for one in every]
        trials += more_block(experiment, Limits(), block, names, len(trials))
    frame = records([one for one in trials if one.point.settings.server != without], **own)
    if change:
        change(frame)
    return made.write_run(folder, frame, **manifest(experiment, **changes))


def manifest(experiment: Experiment, **changes: Any) -> dict[str, Any]:
    """What the manifest of such a run has of its own."""
    compare = experiment.compare
    assert compare is not None
    names = tuple((one.name, other.name) for one, other in pairs(experiment, points(experiment)))
    return {
        "experiment": "ab",
        "repeats": experiment.repeats,
        "budget_s": BUDGET_S,
        "claims": [],
        "usual": usual(experiment),
        "thresholds": experiment.thresholds,
        "compare": asdict(Compared(compare.a, compare.b, compare.tolerance, names)),
        "servers": {
            name: {"origin": "foreign", "image": f"shop:{tag}", "id": f"sha256:{tag * 64}"}
            for name, tag in ((A, "1"), (B, "2"))
        },
        **changes,
    }
