"""What a run has before its first trial, and what its manifest says of that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from experiments.docker.docker_driver import DockerDriver
from experiments.foreign.images import Found
from experiments.hosts.seen_hosts import see_hosts
from experiments.images.build import Images
from experiments.link.image import Link
from experiments.plan.capacity import Limits
from experiments.plan.source import Source
from experiments.plan.trials import Trial, notes
from experiments.records.manifest import describe


@dataclass(frozen=True, slots=True)
class Prepared:
    """`trials` are those of the plan within `limits`; `machine` is the environment of a container
    there, `link` what shapes paths, where any is asked for."""

    run: str
    source: Source
    images: Images
    machine: dict[str, Any]
    limits: Limits
    trials: list[Trial]
    servers: list[Found]
    link: Link | None


def targets(trials: list[Trial]) -> list[str]:
    """The images that the trials use."""
    traced = any(trial.point.settings.traced for trial in trials)
    return ["server", "load", *(["traced"] if traced else [])]


def manifest_of(prepared: Prepared, driver: DockerDriver, folder: Path) -> dict[str, Any]:
    """`folder` is the run's."""
    source, images, link = prepared.source, prepared.images, prepared.link
    trials = prepared.trials
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
            for name in targets(trials)
        },
        **(link.used_by(trials) if link else {}),
    }
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    foreign = {one.server.name: one.describe(folder) for one in prepared.servers}
    placement = driver.placement(images.server)
    found = describe(
        *(prepared.run, started_at, source, made_of, foreign, prepared.machine, engine, placement),
        *(prepared.limits, [*source.notes, *notes(trials), *([link.left_out] if link else [])]),
    )
    hosts = see_hosts(driver, source.experiment.hosts, images.server, trials)
    return {**found, **hosts, "trials": len(trials)}
