"""A run of made-up records, as an experiment plans it, for timing analysis."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from contract.columns import FORMAT_VERSION, NAMES, REFERENCE_SWEEP
from contract.columns.cells import written
from contract.run_files import MANIFEST
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, plan
from experiments.records.manifest import usual
from experiments.records.run_folder import TRIALS

NOISE: Final = 0.03
"""Standard deviation of the logarithm of a rate."""
SAME: Final[Mapping[str, Any]] = {
    "run": "20260101-120000",
    "started_at": "2026-01-01T12:00:00+00:00",
    "origin": "lab",
    "outcome": "completed",
    "validity": "server_bound",
    "overhead_s": 2.1,
    "errors": 0,
    "coverage": 1.0,
    "littles_law_ratio": 1.0,
    "steal_share": 0.0,
    "foreign_cpu_share": 0.02,
    "server_cpu_share": 0.98,
    "generator_cpu_share": 0.7,
    "server_rss_idle_bytes": 14_000_000,
    "server_threads": 1,
    "server_processes": 1,
    "listen_overflows": 0,
    "listen_drops": 0,
    "retransmits": 0,
    "resets": 0,
    "accept_queue_max": 3,
    "segments_out_per_response": 1.0,
    "connect_p50_us": 30.0,
    "connect_p99_us": 90.0,
    "connect_max_us": 300.0,
}
TAILS: Final = {"p50": 0.9, "p90": 1.3, "p99": 3.0, "p999": 5.0, "max": 9.0, "mean": 1.0}
"""Response times, as multiples of the mean."""


def write_run(
    folder: Path,
    name: str,
    experiment: Experiment,
    rows: int | None = None,
    result: bytes = b"",
    details: int = 0,
) -> Path:
    """Write so many rows, or as many as are planned; the first `details` trials leave `result`."""
    folder.mkdir(parents=True)
    rows = len(plan(experiment)) if rows is None else rows
    chance = random.Random(folder.name)  # noqa: S311 - the same run again
    with (folder / TRIALS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(NAMES)
        for trial in islice(_trials(experiment), rows):
            row = _row(name, trial, chance)
            writer.writerow([written(row.get(column)) for column in NAMES])
            if trial.position <= details:
                place = folder / "trials" / trial.id
                place.mkdir(parents=True)
                (place / "result.json").write_bytes(result)
    (folder / MANIFEST).write_text(json.dumps(_manifest(folder, name, experiment)))
    return folder


def _trials(experiment: Experiment) -> Iterator[Trial]:
    """Block after block, without end."""
    block = plan(experiment.model_copy(update={"repeats": 1}))
    position = count(1)
    for number in count(1):
        for trial in block:
            twice = trial.point.sweep == REFERENCE_SWEEP
            repeat = 2 * (number - 1) + trial.repeat if twice else number
            yield replace(trial, block=number, repeat=repeat, position=next(position))


def _row(name: str, trial: Trial, chance: random.Random) -> dict[str, Any]:
    """What a good trial leaves; the more connections, the dearer."""
    settings = trial.point.settings
    together = settings.active_connections + settings.idle_connections
    cost_us = (8 + len(settings.server) / 4 + together / 1_000) * chance.lognormvariate(0, NOISE)
    mean_us = cost_us * settings.active_connections
    return {
        **SAME,
        **settings.recorded,
        "experiment": name,
        "trial": trial.id,
        "point": trial.point.name,
        "sweep": trial.point.sweep,
        "block": trial.block,
        "repeat": trial.repeat,
        "position": trial.position,
        "requests": int(settings.window_s * 1e6 / cost_us),
        "requests_per_s": 1e6 / cost_us,
        "wait_us": cost_us if settings.without_clients else None,
        "watched_held": settings.watched,
        "active_established": settings.active_connections,
        "idle_established": settings.idle_connections,
        "server_established": together,
        "server_cpu_us_per_request": cost_us * 0.98,
        "server_rss_bytes": 14_000_000 + 300 * together,
        **{f"response_{name}_us": round(mean_us * tail, 3) for name, tail in TAILS.items()},
    }


def _manifest(folder: Path, name: str, experiment: Experiment) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "experiment": name,
        "question": experiment.question,
        "run": folder.name,
        "seed": experiment.seed,
        "repeats": experiment.repeats,
        "claims": experiment.claims,
        "figures": experiment.figures,
        "usual": usual(experiment),
    }
