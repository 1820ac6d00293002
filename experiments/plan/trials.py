"""The plan: frozen trials in a shuffled order. Pure: no Docker, no clock, no files."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

from contract.columns import REFERENCE_SWEEP
from contract.exits import Exit, LabError
from contract.loads import BRIDGE, KINDS, WITHOUT_CLIENTS
from contract.mix import parse_mix, unknown_names
from contract.origins import FOREIGN
from contract.request import Request, RequestError
from contract.settings import conflicts
from contract.settings.conflicts import ConflictError
from contract.settings.server_flags import ServerFlags
from contract.settings.setting import declared
from contract.settings.trial import LEAST_WARM_UP_S, Settings
from experiments.foreign.catalogue import REFERENCES
from experiments.plan.axes import without_words
from experiments.plan.capacity import Limits, fit
from experiments.plan.foreign_server import Foreign
from experiments.plan.on_hosts import on_hosts
from experiments.plan.pairs import paired, side_by_side
from experiments.plan.schema import Experiment, Sweep

UNKNOWN = Limits()
OVERHEAD_S = 2.5
"""What a trial may cost beside warm-up and window; used to announce a duration."""
OPENED_PER_S, OPENED_AT_ONCE = 6_000, 11_000
"""Connections that are opened, and looked at by the probe, in a second; so many of a trial are in
OVERHEAD_S."""
OVERHEAD_WORKER_S = 1.2
"""What each load worker beside the first may cost: on two cores they start one after the other."""
OVERHEAD_NEED_S = 1.5
"""What each container beside the server may cost."""
OVERHEAD_SHAPED_S = 0.3
"""What it may cost to shape a path, at each end of it."""
OVERHEAD_WITHOUT_CLIENTS_S = 0.7
"""The same for one without clients: a container, and up to thousands of descriptors."""


@dataclass(frozen=True, slots=True)
class Point:
    """A combination of settings; equal settings are measured once, whoever asks.

    `foreign` is what the settings' server is, when it is none of the lab's own; `repeats` the
    blocks in which it is measured, from the first, when they are not all.
    """

    sweep: str
    settings: Settings
    foreign: Foreign | None = None
    repeats: int | None = None
    note: str = field(default="", compare=False)
    """How the settings were scaled to the machine; empty if they were not."""

    @property
    def identity(self) -> str:
        """All that makes this point differ from another."""
        identity = asdict(self.settings)
        if self.foreign:
            identity["foreign"] = self.foreign.described()
        return json.dumps(identity, sort_keys=True)

    @property
    def name(self) -> str:
        """Readable, and unique by a hash of the settings."""
        s = self.settings
        digest = hashlib.sha256(self.identity.encode()).hexdigest()[:6]
        kind = f"{REFERENCE_SWEEP}-" if self.sweep == REFERENCE_SWEEP else ""
        if s.without_clients:
            return f"{kind}{s.server}-{KINDS[s.load].letter}{s.watched}-{digest}"
        return (
            f"{kind}{s.server}-{KINDS[s.load].letter}{s.active_connections}"
            f"-i{s.idle_connections}-b{s.backlog or 'own'}-{digest}"
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """One measurement of a point. `position` counts through the whole run, from 1; `attempt`
    through the measurements of the same trial."""

    point: Point
    block: int
    repeat: int
    position: int
    attempt: int = 1

    @property
    def id(self) -> str:
        again = f"-a{self.attempt}" if self.attempt > 1 else ""
        return f"{self.point.name}-r{self.repeat}{again}"

    @property
    def expected_s(self) -> float:
        settings = self.point.settings
        overhead_s = OVERHEAD_WITHOUT_CLIENTS_S if settings.without_clients else OVERHEAD_S
        overhead_s += OVERHEAD_WORKER_S * (settings.load_workers - 1)
        if not (settings.without_clients or settings.connect_pace_per_s):
            overhead_s += max(settings.connections - OPENED_AT_ONCE, 0) / OPENED_PER_S
        if self.point.foreign:
            overhead_s += OVERHEAD_NEED_S * len(self.point.foreign.needs)
        if settings.shaped:
            overhead_s += OVERHEAD_SHAPED_S * (2 if settings.network == BRIDGE else 1)
        warm_up_s = LEAST_WARM_UP_S if settings.warm_up_s is None else settings.warm_up_s
        busy_s = settings.ramp_s + warm_up_s + settings.window_s
        return overhead_s + busy_s + settings.stop_s + settings.habits_s


def points(experiment: Experiment, limits: Limits = UNKNOWN) -> list[Point]:
    """All points, sweeps expanded by product, equal ones only once.

    `limits` are the machine's: more connections than it grants are cut to what it does, and paths
    that it cannot shape are left out.
    """
    known = {one.name: one for one in (*REFERENCES, *experiment.servers)}
    found: dict[str, Point] = {}
    for sweep in experiment.sweeps:
        for settings, note in _fitted(experiment, sweep, limits):
            if limits.shaping is not None and settings.shaping > limits.shaping:
                continue
            foreign = known.get(settings.server)
            if foreign and settings.traced:
                raise LabError(
                    f"sweep {sweep.name}: traced is for the lab's own servers, and "
                    f"{foreign.name} is not; leave one of them out",
                    Exit.BAD_INPUT,
                )
            given = _gives(experiment, sweep, "load_workers")
            settings = on_hosts(experiment.hosts, sweep.name, settings, workers_given=given)
            if foreign:
                settings = left_to_it(settings)
                if foreign.origin == FOREIGN and not _gives(experiment, sweep, "warm_up_s"):
                    settings = replace(settings, warm_up_s=None)  # who knows how long that takes
            _check_requests(sweep, settings, foreign)
            point = Point(sweep.name, settings, foreign, sweep.repeats, note)
            known_one = found.setdefault(point.identity, point)
            found[point.identity] = replace(
                known_one, repeats=_more(known_one, point), note=known_one.note or note
            )
    return list(found.values())


def left_to_it(settings: Settings) -> Settings:
    """The same for a server of others: what it cannot be told stays its own."""
    own: dict[str, Any] = dict.fromkeys(("backlog", *declared(ServerFlags)))
    return replace(settings, **own)


def _fitted(experiment: Experiment, sweep: Sweep, limits: Limits) -> list[tuple[Settings, str]]:
    """The settings of a sweep. Raises LabError where what is left does not go together."""
    try:
        return list(expand(experiment, sweep, limits))
    except ConflictError as error:
        if limits == UNKNOWN:
            raise  # the file's own fault, to be told with its line
        raise LabError(
            f"sweep {sweep.name}: cut to what this machine grants, its settings do not go "
            f"together: {error}; ask for less, or see `make doctor`",
            Exit.BAD_INPUT,
        ) from None


def _gives(experiment: Experiment, sweep: Sweep, name: str) -> bool:
    """Whether the experiment says what this setting is in the sweep."""
    said = (experiment.settings, sweep.settings, sweep.axes)
    return any(getattr(one, name) is not None for one in said)


def _check_requests(sweep: Sweep, settings: Settings, foreign: Foreign | None) -> None:
    """Whether what this server is asked can be sent as the load is. Raises ConflictError."""
    path = settings.path or (foreign.asked if foreign else "/")
    plain, named = (foreign.plain, foreign.named) if foreign else (Request(), {})
    faults = unknown_names(path, named, settings.server)
    if not faults:
        faults += conflicts.of_load(replace(settings, path=path))
    for fault in faults:
        raise ConflictError(f"sweep {sweep.name}: {fault}")
    for kind in parse_mix(path):
        try:
            named.get(kind.path, plain).check_pipeline(settings.pipeline_depth)
        except RequestError as error:
            raise ConflictError(f"sweep {sweep.name}: {error}") from error


def _more(one: Point, other: Point) -> int | None:
    """The larger number of repeats; None is all of them."""
    if one.repeats is None or other.repeats is None:
        return None
    return max(one.repeats, other.repeats)


def foreign_servers(trials: list[Trial]) -> list[Foreign]:
    """The servers of the plan that are none of the lab's own, each once."""
    found = [trial.point.foreign for trial in trials]
    return list({one.name: one for one in found if one}.values())


def notes(trials: list[Trial]) -> list[str]:
    """What was scaled to the machine, a sentence each."""
    return list(dict.fromkeys(trial.point.note for trial in trials if trial.point.note))


def expand(
    experiment: Experiment, sweep: Sweep, limits: Limits = UNKNOWN
) -> Iterator[tuple[Settings, str]]:
    """The product of a sweep's axes over its fixed settings, and how each was scaled."""
    fixed = experiment.settings.model_dump(exclude_none=True)
    fixed |= sweep.settings.model_dump(exclude_none=True)
    axes: dict[str, list[Any]] = sweep.axes.model_dump(exclude_none=True)
    alone = {fixed.get("load"), *axes.get("load", ())} & set(WITHOUT_CLIENTS)
    traced = True in (fixed.get("traced"), *axes.get("traced", ()))
    server = fixed.get("server")
    if not alone and (compared := _compared(experiment, axes.get("server"), server, traced=traced)):
        axes["server"] = compared
    for values in product(*axes.values()):
        yield fit(without_words(fixed | dict(zip(axes, values, strict=True))), limits)


def _compared(
    experiment: Experiment, axis: list[str] | None, fixed: str | None, *, traced: bool
) -> list[str]:
    """The servers of a sweep that compares servers; a sweep about one of them has none.

    Only the lab's own can be `traced`.
    """
    if axis is None and fixed is not None:
        return []
    others = [] if traced else [one.name for one in experiment.servers]
    references = [one.name for one in REFERENCES] if experiment.references and not traced else []
    return list(dict.fromkeys([*(axis or [Settings().server, *others]), *references]))


def plan(experiment: Experiment, limits: Limits = UNKNOWN) -> list[Trial]:
    """Blocks of one repeat, each shuffled by the seed, the reference first and last; trials of
    servers that are compared stand side by side."""
    shuffler = random.Random(experiment.seed)  # noqa: S311 - an order, not a secret
    own, trials = points(experiment, limits), list[Trial]()
    beside = pairs(experiment, own)
    for block in range(1, experiment.repeats + 1):
        shuffled = [one for one in own if block <= (one.repeats or block)]
        shuffler.shuffle(shuffled)
        trials += _block(experiment, side_by_side(shuffled, beside), block, len(trials))
    return trials


def pairs(experiment: Experiment, own: list[Point]) -> list[tuple[Point, Point]]:
    """Those of its `own` points that are compared with each other."""
    asked = experiment.compare
    return paired(own, asked.a, asked.b) if asked else []


def more_block(
    experiment: Experiment, limits: Limits, block: int, names: Collection[str], before: int
) -> list[Trial]:
    """A block beyond the plan, of the points of these names and the reference, after so many
    trials `before` it; shuffled by the seed and its number. Raises LabError."""
    chosen = [one for one in points(experiment, limits) if one.name in names]
    if unknown := set(names) - {one.name for one in chosen}:
        raise LabError(
            f"block {block} has points that the experiment does not have: "
            f"{', '.join(sorted(unknown))}; start a new run",
            Exit.BAD_INPUT,
        )
    random.Random(f"{experiment.seed}, {block}").shuffle(chosen)  # noqa: S311 - as above
    beside = pairs(experiment, chosen)
    return _block(experiment, side_by_side(chosen, beside), block, before)


def _block(experiment: Experiment, shuffled: list[Point], block: int, before: int) -> list[Trial]:
    """These points once, the reference first and last."""
    ordered = [(point, block) for point in shuffled]
    if experiment.reference:
        reference = Point(REFERENCE_SWEEP, _reference(experiment))
        ordered = [(reference, 2 * block - 1), *ordered, (reference, 2 * block)]
    return [
        Trial(point, block, repeat, position)
        for position, (point, repeat) in enumerate(ordered, before + 1)
    ]


def _reference(experiment: Experiment) -> Settings:
    """Level-triggered epoll, 64 active connections, nothing idle; this experiment's window."""
    given = experiment.settings.model_dump(exclude_none=True)
    times = {k: given[k] for k in ("warm_up_s", "window_s") if k in given}
    usual = Settings(**without_words(times))
    return on_hosts(experiment.hosts, REFERENCE_SWEEP, usual)


def expected_s(trials: list[Trial]) -> float:
    """How long the trials will probably take."""
    return sum(trial.expected_s for trial in trials)
