"""An experiment made of others: their sweeps under their names, as if all stood in one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.plan.axes import PartialSettings
from experiments.plan.schema import Experiment, Sweep


def merged(whole: Experiment, parts: Mapping[str, Experiment]) -> Experiment:
    """`whole` with what it includes, in that order: sweeps, foreign servers, figures, claims
    and thresholds. Repeats, seed and the settings of the reference trial are those of `whole`."""
    every = [*parts.values(), whole]
    sweeps = [_moved(name, part, sweep) for name, part in parts.items() for sweep in part.sweeps]
    changes: dict[str, Any] = {
        "include": [],
        "questions": {name: part.question for name, part in parts.items()} | whole.questions,
        "sweeps": [*sweeps, *whole.sweeps],
        "servers": _each_once([one for part in every for one in part.servers]),
        "figures": _each_once([name for part in every for name in part.figures]),
        "claims": sorted({number for part in every for number in part.claims}),
        "thresholds": _each_once([text for part in every for text in part.thresholds]),
    }
    return Experiment.model_validate(
        {**{name: getattr(whole, name) for name in whole.model_fields_set}, **changes}
    )


def _moved(name: str, part: Experiment, sweep: Sweep) -> Sweep:
    """A sweep that says by itself what its experiment said for all."""
    common = part.settings.model_dump(exclude_none=True)
    axes = sweep.axes.model_fields_set
    settings = {key: value for key, value in common.items() if key not in axes}
    settings |= sweep.settings.model_dump(exclude_none=True)
    return sweep.model_copy(
        update={"name": f"{name}.{sweep.name}", "settings": PartialSettings(**settings)}
    )


def _each_once(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
