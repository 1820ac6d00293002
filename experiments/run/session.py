"""From an experiment file to a finished run folder: the table of contents of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from contract.console import say
from contract.exits import Exit, LabError
from contract.more_blocks import BUDGET
from contract.ports import WEB_PORT
from contract.run_order import KEY, next_sequence
from experiments.checkup.questions import CheckUp, check_up_of
from experiments.docker.docker_driver import DockerDriver
from experiments.foreign.images import Found, ensure_foreign, keep_files, same_image
from experiments.hosts.carry import carry
from experiments.hosts.host_doctor import refuse_unlike
from experiments.hosts.patience import Patience
from experiments.hosts.seen_hosts import see_hosts
from experiments.hosts.ways import engines, server_address, way_to_master
from experiments.images.build import Images, ensure_images
from experiments.link.image import Link, ensure_link, without_paths
from experiments.machine.preflight import Needs, preflight
from experiments.machine.rest import Rest
from experiments.machine.run_lock import RunLock
from experiments.paths import RESULTS
from experiments.plan.budget import budget_of, may_be_open
from experiments.plan.capacity import Limits
from experiments.plan.overrides import kept_source
from experiments.plan.source import Source
from experiments.plan.trials import Trial, expected_s, foreign_servers, notes, plan
from experiments.records.conditions import changed
from experiments.records.manifest import describe
from experiments.records.recorded_limits import recorded_limits
from experiments.records.run_folder import Store
from experiments.run.here import granted, machine_of
from experiments.run.loop import (
    AfterwardsError,
    Interrupted,
    descriptors,
    execute,
    interruptible,
    kept,
    swept,
)
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
    tell = partial(say, console)
    hosts = source.experiment.hosts
    with RunLock(run, folder), interruptible(), engines(run, hosts) as driver, swept(driver, tell):
        refuse_unlike(driver)
        images = ensure_images(driver, _targets(plan(source.experiment)), tell)
        carry(driver, images, tell)
        machine = machine_of(driver, images.server)
        limits = recorded_limits(store) if store else granted(driver, images.server, machine)
        trials = all_trials(source.experiment, limits, store.manifest() if store else {})
        for note in (*source.notes, *notes(trials)):
            tell(note)
        servers = ensure_foreign(driver, images.base, foreign_servers(trials), tell)
        link = ensure_link(driver, images.base, trials, run, tell)
        if link and link.missing:
            limits = without_paths(source.experiment, limits, link, store)
            trials = all_trials(source.experiment, limits, {})
            tell(link.left_out)
        emulated = (note for one in servers for note in one.emulated)
        for note in (*same_image(source.experiment, servers), *emulated):
            tell(note)
        if budget_s and not may_be_open(source.experiment):
            tell("BUDGET: the experiment has no claims or thresholds, and ends with its plan")
        budget_s = budget_of(budget_s, source.experiment, trials)
        preflight(driver, _needs(trials, budget_s, images))
        describe_all = partial(
            _manifest, run, source, trials, driver, images, link, servers, machine, limits
        )
        if store is None:
            store = _begin(source, run, servers, {**known, BUDGET: budget_s}, describe_all)
        else:
            _go_on(store, describe_all(store.folder))
        tell(
            f"{len(trials)} trials; results in {store.folder}; live at http://127.0.0.1:{WEB_PORT}"
        )
        pinned = {name: image for one in servers for name, image in one.pinned.items()}
        finished = len(trials) - len(left(store, trials))
        with (
            way_to_master(hosts),
            trial_environment(
                *(run, driver, images, pinned, store.folder),
                link.image.id if link else "",
                server_address(hosts) if hosts else "",
            ) as runner,
            Watch(trials, finished, console) as bar,
        ):
            begin(store, limits)
            with kept(store):
                rest = Rest()
                execute(trials, store, runner, bar, rest)

                def measure(more: list[Trial], doing: str) -> None:
                    bar.more(more, doing)
                    execute(more, store, runner, bar, rest)

                if check_up := check_up_of(store):
                    others = {one.server.name: one.server for one in servers}
                    there, planned = store.recorded(), len(trials)
                    CheckUp(check_up, others, hosts, store, there, planned, measure, tell).ask_all()
                Continuation(
                    source.experiment, limits, store, trials, measure, tell
                ).until_decided()


def _targets(trials: list[Trial]) -> list[str]:
    """The images that the trials use."""
    traced = any(trial.point.settings.traced for trial in trials)
    return ["server", "load", *(["traced"] if traced else [])]


def _needs(trials: list[Trial], budget_s: float, images: Images) -> Needs:
    more = 1 + budget_s / expected_s(trials)
    return Needs(
        nofile=descriptors(trials),
        disk_bytes=round(len(trials) * more) * RECORD_BYTES,
        port=WEB_PORT,
        results=RESULTS,
        image=images.server,
        trials=trials,
    )


def _begin(
    source: Source,
    run: str,
    servers: list[Found],
    known: Mapping[str, Any],
    describe_all: Callable[[Path], dict[str, Any]],
) -> Store:
    """A new folder, with copies of the files that the servers are given."""
    store = Store.create(RESULTS, source, run)
    keep_files(servers, store.folder)
    store.write_manifest({**describe_all(store.folder), **known, KEY: next_sequence(RESULTS)})
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


def _manifest(
    run: str,
    source: Source,
    trials: list[Trial],
    driver: DockerDriver,
    images: Images,
    link: Link | None,
    servers: list[Found],
    machine: dict[str, Any],
    limits: Limits,
    folder: Path,
) -> dict[str, Any]:
    """`folder` is the run's."""
    version, info = driver.version(), driver.info()
    engine = {
        "engine": version.get("Version"),
        "api": version.get("ApiVersion"),
        "operating_system": info.get("OperatingSystem"),
        "storage_driver": info.get("Driver"),
        "cgroup_driver": info.get("CgroupDriver"),
        "runtime": info.get("DefaultRuntime"),
    }
    base = images.base
    made_of = {
        "base": {
            "reference": base.reference,
            "id": base.image_id,
            "origin": base.origin,
            "digest": base.digest,
            "python": base.python,
        },
        **{
            name: {"tag": images.references[name], "id": images.ids[name]}
            for name in _targets(trials)
        },
        **(link.used_by(trials) if link else {}),
    }
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    foreign = {one.server.name: one.describe(folder) for one in servers}
    placement = driver.placement(images.server)
    found = describe(
        *(run, started_at, source, made_of, foreign, machine, engine, placement),
        *(limits, [*source.notes, *notes(trials), *([link.left_out] if link else [])]),
    )
    hosts = see_hosts(driver, source.experiment.hosts, images.server, trials)
    return {**found, **hosts, "trials": len(trials)}
