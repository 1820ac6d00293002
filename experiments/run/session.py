"""From an experiment file to a finished run folder: the table of contents of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from contract.console import say
from contract.exits import Exit, LabError
from contract.more_blocks import BUDGET
from contract.ports import WEB_PORT
from contract.run_order import SEQUENCE, next_sequence
from experiments.checkup.questions import CheckUp, check_up_of
from experiments.docker.docker_driver import DockerDriver
from experiments.foreign.images import ensure_foreign, keep_files, same_image
from experiments.hosts.carry import carry
from experiments.hosts.host_doctor import refuse_unlike
from experiments.hosts.patience import Patience
from experiments.hosts.ways import engines, server_address, way_to_master
from experiments.images.build import Images, ensure_images
from experiments.link.image import ensure_link, without_paths
from experiments.machine.preflight import MachineNeeds, preflight
from experiments.machine.rest import Rest
from experiments.machine.run_lock import RunLock
from experiments.paths import RESULTS
from experiments.plan.budget import budget_of, may_be_open
from experiments.plan.capacity import Limits
from experiments.plan.overrides import kept_source
from experiments.plan.source import Source
from experiments.plan.trials import Trial, expected_s, foreign_servers, notes, plan
from experiments.records.conditions import changed
from experiments.records.recorded_limits import recorded_limits
from experiments.records.run_folder import Store
from experiments.run.here import granted, machine_of
from experiments.run.loop import (
    AfterwardsError,
    Interrupted,
    Runner,
    descriptors,
    execute,
    interruptible,
    kept,
    swept,
)
from experiments.run.prepared import Prepared, manifest_of, targets
from experiments.run.progress import Watch
from experiments.run.trial_environment import trial_environment
from experiments.run.until_decided import Continuation, all_trials, is_complete, left

RECORD_BYTES = 400_000
"""Room for one trial's details on the disk: histograms, samples and logs."""


def start(
    source: Source,
    console: Console,
    budget_s: float | None = 0.0,
    known: Mapping[str, Any] | None = None,
) -> Store:
    """Run an experiment from its first trial, and for so many seconds more where claims are open;
    None is what `plan.budget` says. `known` is what its manifest says beside what every one does.
    Raises LabError, Interrupted.
    """
    run = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return _measure(run, source, None, console, budget_s, known)


def resume(folder: Path, console: Console) -> Store:
    """Go on with a run that was stopped; no finished trial is repeated. Without one that is left,
    nothing is started.
    """
    store = Store.open(folder)
    source = kept_source(store.experiment, store.name)
    if is_complete(store, source.experiment, recorded_limits(store)):
        return _finish(store, source, [])
    return _measure(store.run, source, store, console)


def _measure(
    run: str,
    source: Source,
    store: Store | None,
    console: Console,
    budget_s: float | None = 0.0,
    known: Mapping[str, Any] | None = None,
) -> Store:
    """Run what is left. Raises AfterwardsError for what fails when nothing is left."""
    started: list[tuple[Store, Limits]] = []
    patience = Patience(run, source.experiment.hosts, partial(say, console))
    while True:
        try:
            _measure_all(
                *(run, source, store, console, budget_s, known or {}),
                lambda *what: started.append(what),
            )
            break
        except (Exception, Interrupted) as error:
            if not started:
                raise
            store, limits = started[0]
            if is_complete(store, source.experiment, limits):
                return _finish(store, source, [error])
            if not _outlasts(patience, error, store):
                raise
    return _finish(started[0][0], source, [])


def _outlasts(patience: Patience, error: BaseException, store: Store) -> bool:
    """Whether the run goes on after this. Raises Interrupted where nobody waits for that."""
    with interruptible(), kept(store):
        return patience.outlasts(error)


def _finish(store: Store, source: Source, failures: list[BaseException]) -> Store:
    """`latest` leads to the run. Raises AfterwardsError: it can be reported on all the same."""
    try:
        store.point_latest(RESULTS)
    except OSError as error:
        failures = [*failures, error]
    if failures:
        of_hosts = source.experiment.hosts is not None
        raise AfterwardsError(store.folder, failures, of_hosts=of_hosts)
    return store


def _measure_all(
    run: str,
    source: Source,
    store: Store | None,
    console: Console,
    budget_s: float | None,
    known: Mapping[str, Any],
    begin: Callable[[Store, Limits], None],
) -> None:
    """`begin` is told of the run, and of the limits of its plan, before the first trial."""
    folder = store.folder if store else RESULTS / source.name / run
    tell, experiment = partial(say, console), source.experiment
    with (
        RunLock(run, folder),
        interruptible(),
        engines(run, experiment.hosts) as driver,
        swept(driver, tell),
    ):
        prepared = _prepare(run, source, store, driver, tell)
        trials = prepared.trials
        if budget_s and not may_be_open(experiment):
            tell("BUDGET: the experiment has no claims or thresholds, and ends with its plan")
        budget_s = budget_of(budget_s, experiment, trials)
        preflight(driver, _needs(trials, budget_s, prepared.images))
        describe_all = partial(manifest_of, prepared, driver)
        if store is None:
            store = _begin(prepared, {**known, BUDGET: budget_s}, describe_all)
        else:
            _go_on(store, describe_all(store.folder))
        tell(
            f"{len(trials)} trials; results in {store.folder}; live at http://127.0.0.1:{WEB_PORT}"
        )
        _run_trials(prepared, store, driver, console, begin)


def _prepare(
    run: str, source: Source, store: Store | None, driver: DockerDriver, tell: Callable[[str], None]
) -> Prepared:
    """What is built and looked at before the first trial of a run that begins, or goes on."""
    experiment = source.experiment
    refuse_unlike(driver)
    images = ensure_images(driver, targets(plan(experiment)), tell)
    carry(driver, images, tell)
    machine = machine_of(driver, images.server)
    limits = recorded_limits(store) if store else granted(driver, images.server, machine)
    trials = all_trials(experiment, limits, store.manifest() if store else {})
    for note in (*source.notes, *notes(trials)):
        tell(note)
    servers = ensure_foreign(driver, images.base, foreign_servers(trials), tell)
    link = ensure_link(driver, images.base, trials, run, tell)
    if link and link.missing:
        limits = without_paths(experiment, limits, link, store)
        trials = all_trials(experiment, limits, {})
        tell(link.left_out)
    emulated = (note for one in servers for note in one.emulated)
    for note in (*same_image(experiment, servers), *emulated):
        tell(note)
    return Prepared(run, source, images, machine, limits, trials, servers, link)


def _run_trials(
    prepared: Prepared,
    store: Store,
    driver: DockerDriver,
    console: Console,
    begin: Callable[[Store, Limits], None],
) -> None:
    """Those that are left of the plan, and what is asked beyond it."""
    hosts, link = prepared.source.experiment.hosts, prepared.link
    pinned = {name: image for one in prepared.servers for name, image in one.pinned.items()}
    finished = len(prepared.trials) - len(left(store, prepared.trials))
    with (
        way_to_master(hosts),
        trial_environment(
            *(prepared.run, driver, prepared.images, pinned, store.folder),
            link.image.id if link else "",
            server_address(hosts) if hosts else "",
        ) as runner,
        Watch(prepared.trials, finished, console) as bar,
    ):
        begin(store, prepared.limits)
        with kept(store):
            measuring = _Measuring(store, runner, bar)
            measuring.planned(prepared.trials)
            _ask_on(prepared, store, measuring.more, partial(say, console))


@dataclass(frozen=True, slots=True)
class _Measuring:
    """Trial by trial, with the rests between them."""

    store: Store
    runner: Runner
    bar: Watch
    rest: Rest = field(default_factory=Rest)

    def planned(self, trials: list[Trial]) -> None:
        """Those that `bar` knows of."""
        execute(trials, self.store, self.runner, self.bar, self.rest)

    def more(self, trials: list[Trial], doing: str) -> None:
        """Others, for what the words say."""
        self.bar.more(trials, doing)
        self.planned(trials)


def _ask_on(
    prepared: Prepared,
    store: Store,
    measure: Callable[[list[Trial], str], None],
    tell: Callable[[str], None],
) -> None:
    """What a check-up asks of the servers, and more blocks for what is open."""
    experiment, trials = prepared.source.experiment, prepared.trials
    if check_up := check_up_of(store):
        others = {one.server.name: one.server for one in prepared.servers}
        there, planned = store.recorded(), len(trials)
        CheckUp(check_up, others, experiment.hosts, store, there, planned, measure, tell).ask_all()
    Continuation(experiment, prepared.limits, store, trials, measure, tell).until_decided()


def _needs(trials: list[Trial], budget_s: float, images: Images) -> MachineNeeds:
    more = 1 + budget_s / expected_s(trials)
    return MachineNeeds(
        nofile=descriptors(trials),
        disk_bytes=round(len(trials) * more) * RECORD_BYTES,
        port=WEB_PORT,
        results=RESULTS,
        image=images.server,
        trials=trials,
    )


def _begin(
    prepared: Prepared, known: Mapping[str, Any], describe_all: Callable[[Path], dict[str, Any]]
) -> Store:
    """A new folder, with copies of the files that the servers are given."""
    store = Store.create(RESULTS, prepared.source, prepared.run)
    keep_files(prepared.servers, store.folder)
    store.write_manifest({**describe_all(store.folder), **known, SEQUENCE: next_sequence(RESULTS)})
    return store


def _go_on(store: Store, manifest: dict[str, Any]) -> None:
    """Go on with the old folder, if nothing that matters has changed since."""
    before = store.manifest()
    if others := changed(before, manifest):
        raise LabError(
            f"{store.folder} cannot go on: {', '.join(others)} changed since it began; "
            "start a new run",
            Exit.BAD_INPUT,
        )
    resumed = [*before.get("resumed_at", []), manifest["started_at"]]
    store.write_manifest({**before, "resumed_at": resumed})
