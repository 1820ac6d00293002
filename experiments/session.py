"""From an experiment file to a finished run folder: the table of contents of a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from experiments.choice import kept_source
from experiments.containers import PIDS, PROBE, WEB_PORT
from experiments.docker_driver import DockerDriver
from experiments.doctor import Needs, preflight
from experiments.driver import DriverError
from experiments.exits import Exit, LabError
from experiments.images.build import Images, ensure_images
from experiments.images.foreign import Found, ensure_foreign
from experiments.images.store import ImageStore
from experiments.images.tool import run_tool
from experiments.limits import Limits, limits_of
from experiments.load import read
from experiments.manifest import describe
from experiments.owner import RunLock, holder
from experiments.plan import Trial, foreign_servers, notes, plan
from experiments.run import Interrupted, descriptors, execute, interruptible, swept
from experiments.source import Source
from experiments.stage import MOST_NOFILE, stage
from experiments.store import Store
from experiments.watch import Watch

RESULTS = Path(__file__).parent.parent / "results"
ENVIRONMENT = (*PROBE, "environment")
SAME = ("images", "servers", "kernel", "cpu", "lock_sha256", "format_version", "experiment_sha256")
"""What must not change between the parts of a resumed run."""
RECORD_BYTES = 400_000
"""Room for one trial's details on the disk: histograms, samples and logs."""


def start(source: Source, console: Console) -> Store:
    """Run an experiment from its first trial. Raises LabError, Interrupted."""
    run = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return _measure(run, source, None, console)


def last_unfinished() -> Path:
    """The newest run with trials left. Raises LabError when there is none."""
    found = sorted(RESULTS.glob("*/*/manifest.json"), key=lambda path: path.parent.name)
    for manifest in reversed(found):
        try:
            store = Store.open(manifest.parent)
            if len(store.finished()) < len(plan(read(store.experiment), _limits(store))):
                return store.folder
        except LabError:
            continue  # of another version, or of servers that are gone: not to be gone on with
    raise LabError("there is no unfinished run to go on with", Exit.BAD_INPUT)


def resume(folder: Path, console: Console) -> Store:
    """Go on with a run that was stopped; no finished trial is repeated."""
    store = Store.open(folder)
    return _measure(store.run, kept_source(store.experiment, store.name), store, console)


def _measure(run: str, source: Source, store: Store | None, console: Console) -> Store:
    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    folder = store.folder if store else RESULTS / source.name / run
    with RunLock(run, folder), interruptible(), DockerDriver(run) as driver, swept(driver, say):
        images = ensure_images(driver, _targets(plan(source.experiment)), say)
        machine = _machine(driver, images.server)
        limits = _limits(store) if store else _granted(driver, images.server, machine)
        trials = plan(source.experiment, limits)
        for note in notes(trials):
            say(note)
        servers = ensure_foreign(driver, images.base, foreign_servers(trials), say)
        preflight(driver, _needs(trials, images))
        manifest = _manifest(run, source, trials, driver, images, servers, machine, limits)
        store = _open(store, manifest, source, run)
        say(f"{len(trials)} trials; results in {store.folder}; live at http://127.0.0.1:{WEB_PORT}")
        try:
            _run(store, trials, driver, images, servers, console)
        except Interrupted:
            raise Interrupted(store.folder) from None
        except OSError as error:
            raise LabError(
                f"cannot save in {store.folder}: {error.strerror}; finished trials are kept: "
                f"free space there, then go on with: make resume RUN={store.folder}",
                Exit.NOT_READY,
            ) from error
    store.point_latest(RESULTS)
    return store


def limits_here() -> Limits | None:
    """What this machine grants; None while that is not known: no engine, no image, or a run."""
    try:
        with DockerDriver() as driver:
            image = ImageStore(driver).newest("server")
            if image is None or holder():
                return None
            return _granted(driver, image, _machine(driver, image))
    except (LabError, DriverError):
        return None


def _machine(driver: DockerDriver, image: str) -> dict[str, Any]:
    """As the probe tells of it from inside a container."""
    found: dict[str, Any] = json.loads(run_tool(driver, image, ENVIRONMENT, network="host"))
    return found


def _granted(driver: DockerDriver, image: str, machine: dict[str, Any]) -> Limits:
    return limits_of(machine, min(driver.nofile_limit(image), MOST_NOFILE), PIDS)


def _limits(store: Store) -> Limits:
    """Those that the run began with."""
    return Limits(**store.manifest().get("limits", {}))


def _targets(trials: list[Trial]) -> list[str]:
    """The images that the trials use."""
    traced = any(trial.point.settings.traced for trial in trials)
    return ["server", "load", *(["traced"] if traced else [])]


def _needs(trials: list[Trial], images: Images) -> Needs:
    return Needs(
        nofile=descriptors(trials),
        disk_bytes=len(trials) * RECORD_BYTES,
        port=WEB_PORT,
        results=RESULTS,
        image=images.server,
    )


def _open(store: Store | None, manifest: dict[str, Any], source: Source, run: str) -> Store:
    """A new folder, or the old one if nothing that matters has changed since."""
    if store is None:
        store = Store.create(RESULTS, source, run)
        store.write_manifest(manifest)
        return store
    before = store.manifest()
    changed = [name for name in SAME if before.get(name) != json.loads(json.dumps(manifest[name]))]
    if changed:
        raise LabError(
            f"{store.folder} cannot go on: {', '.join(changed)} changed since it began; "
            "start a new run",
            Exit.BAD_INPUT,
        )
    resumed = [*before.get("resumed_at", []), manifest["started_at"]]
    store.write_manifest({**before, "resumed_at": resumed})
    return store


def _manifest(
    run: str,
    source: Source,
    trials: list[Trial],
    driver: DockerDriver,
    images: Images,
    servers: list[Found],
    machine: dict[str, Any],
    limits: Limits,
) -> dict[str, Any]:
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
    }
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    foreign = {one.server.name: one.describe() for one in servers}
    return describe(
        *(run, started_at, source, made_of, foreign, machine, engine, limits, notes(trials))
    )


def _run(
    store: Store,
    trials: list[Trial],
    driver: DockerDriver,
    images: Images,
    servers: list[Found],
    console: Console,
) -> None:
    finished = store.finished()
    pinned = {one.server.name: one.image.id for one in servers}
    with (
        stage(store.run, driver, images, pinned) as runner,
        Watch(trials, len(finished), console) as watch,
    ):
        execute(trials, store, runner, watch)
