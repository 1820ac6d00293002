"""The plan: frozen trials in a shuffled order. Pure: no Docker, no clock, no files."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from experiments.foreign import Foreign
from experiments.references.catalogue import REFERENCES
from experiments.schema import Experiment, Sweep
from experiments.settings import SERVER_FLAGS, Settings

REFERENCE_SWEEP = "reference"
LETTERS = {
    "keep_alive": "k",
    "connection_per_request": "c",
    "open_loop": "o",
    "open_connections": "oc",
}
OVERHEAD_S = 2.5
"""What a trial may cost beside warm-up and window; used to announce a duration."""


@dataclass(frozen=True, slots=True)
class Point:
    """A combination of settings; equal settings are measured once, whoever asks.

    `foreign` is what the settings' server is, when it is none of the lab's own.
    """

    sweep: str
    settings: Settings
    foreign: Foreign | None = None

    @property
    def identity(self) -> str:
        """All that makes this point differ from another."""
        identity = self.settings.model_dump()
        if self.foreign:
            identity["foreign"] = self.foreign.model_dump()
        return json.dumps(identity, sort_keys=True)

    @property
    def name(self) -> str:
        """Readable, and unique by a hash of the settings."""
        s = self.settings
        digest = hashlib.sha256(self.identity.encode()).hexdigest()[:6]
        kind = f"{REFERENCE_SWEEP}-" if self.sweep == REFERENCE_SWEEP else ""
        return (
            f"{kind}{s.server}-{LETTERS[s.load]}{s.active_connections}"
            f"-i{s.idle_connections}-b{s.backlog or 'own'}-{digest}"
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """One measurement of a point. `position` counts through the whole run, from 1."""

    point: Point
    block: int
    repeat: int
    position: int

    @property
    def id(self) -> str:
        return f"{self.point.name}-r{self.repeat}"

    @property
    def expected_s(self) -> float:
        settings = self.point.settings
        return OVERHEAD_S + settings.warm_up_s + settings.window_s


def points(experiment: Experiment) -> list[Point]:
    """All points, sweeps expanded by product, equal ones only once."""
    known = {one.name: one for one in (*REFERENCES, *experiment.servers)}
    found: dict[str, Point] = {}
    for sweep in experiment.sweeps:
        for settings in expand(experiment, sweep):
            foreign = known.get(settings.server)
            if foreign:
                own = dict.fromkeys(("backlog", *SERVER_FLAGS))
                settings = settings.model_copy(update=own)
            point = Point(sweep.name, settings, foreign)
            found.setdefault(point.identity, point)
    return list(found.values())


def foreign_servers(trials: list[Trial]) -> list[Foreign]:
    """The servers of the plan that are none of the lab's own, each once."""
    found = [trial.point.foreign for trial in trials]
    return list({one.name: one for one in found if one}.values())


def expand(experiment: Experiment, sweep: Sweep) -> Iterator[Settings]:
    """The product of a sweep's axes over its fixed settings."""
    fixed = experiment.settings.model_dump(exclude_none=True)
    fixed |= sweep.settings.model_dump(exclude_none=True)
    axes: dict[str, list[Any]] = sweep.axes.model_dump(exclude_none=True)
    if compared := _compared(experiment, axes.get("server"), fixed.get("server")):
        axes["server"] = compared
    for values in product(*axes.values()):
        yield Settings.model_validate(fixed | dict(zip(axes, values, strict=True)))


def _compared(experiment: Experiment, axis: list[str] | None, fixed: str | None) -> list[str]:
    """The servers of a sweep that compares servers; a sweep about one of them has none."""
    if axis is None and fixed is not None:
        return []
    servers = axis or [Settings().server, *(one.name for one in experiment.servers)]
    references = [one.name for one in REFERENCES] if experiment.references else []
    return list(dict.fromkeys([*servers, *references]))


def plan(experiment: Experiment) -> list[Trial]:
    """Blocks of one repeat, each shuffled by the seed, the reference first and last."""
    shuffler = random.Random(experiment.seed)  # noqa: S311 - an order, not a secret
    reference = Point(REFERENCE_SWEEP, _reference(experiment))
    ordered: list[tuple[Point, int, int]] = []
    for block in range(1, experiment.repeats + 1):
        shuffled = points(experiment)
        shuffler.shuffle(shuffled)
        trials = [(point, block, block) for point in shuffled]
        if experiment.reference:
            trials.insert(0, (reference, block, 2 * block - 1))
            trials.append((reference, block, 2 * block))
        ordered += trials
    return [
        Trial(point, block, repeat, position)
        for position, (point, block, repeat) in enumerate(ordered, 1)
    ]


def _reference(experiment: Experiment) -> Settings:
    """Level-triggered epoll, 64 active connections, nothing idle; this experiment's window."""
    given = experiment.settings.model_dump(exclude_none=True)
    return Settings.model_validate({k: given[k] for k in ("warm_up_s", "window_s") if k in given})


def expected_s(trials: list[Trial]) -> float:
    """How long the trials will probably take."""
    return sum(trial.expected_s for trial in trials)
