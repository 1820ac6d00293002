"""What a run was made of and on: enough to repeat it, or to say why it differs."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import asdict
from typing import Any

from contract.columns import FORMAT_VERSION, SETTINGS
from contract.compared import COMPARE, Compared
from contract.settings.trial import Settings
from contract.sysctls import BRIDGE_NF
from experiments.hashes import file_hash
from experiments.machine.cores import Placement
from experiments.paths import ROOT
from experiments.plan.capacity import Limits
from experiments.plan.schema import Experiment
from experiments.plan.source import Source
from experiments.plan.trials import pairs, points

LOCKS = (
    *("requirements.lock", "loadgen/requirements.lock", "servers/requirements.lock"),
    "experiments/foreign/requirements.lock",
)


def describe(
    run: str,
    started_at: str,
    source: Source,
    images: dict[str, Any],
    servers: dict[str, Any],
    machine: dict[str, Any],
    engine: dict[str, Any],
    placement: Placement,
    limits: Limits,
    scaled: list[str],
) -> dict[str, Any]:
    """`servers` are the foreign ones; `machine` is what the probe tells from inside a
    container, `engine` what Docker tells; `placement` who has
    which core; `scaled` says what was fitted into the `limits`
    or left out."""
    experiment = source.experiment
    commit, dirty = git_state()
    return {
        "format_version": FORMAT_VERSION,
        "experiment": source.name,
        "experiment_sha256": source.sha256,
        "question": experiment.question,
        "questions": experiment.questions,
        "repeats": experiment.repeats,
        "seed": experiment.seed,
        "claims": experiment.claims,
        "figures": experiment.figures,
        "thresholds": experiment.thresholds,
        **_compared(experiment, limits),
        "sweeps": [sweep.name for sweep in experiment.sweeps],
        "settings": experiment.settings.model_dump(exclude_none=True),
        "usual": usual(experiment),
        "run": run,
        "started_at": started_at,
        "git_commit": commit,
        "git_dirty": dirty,
        "lock_sha256": {name: file_hash(ROOT / name) for name in LOCKS},
        "host_python": platform.python_version(),
        "images": images,
        "servers": servers,
        "kernel": {"release": machine["kernel"], "version": machine["kernel_version"]},
        "cpu": {
            "model": machine["cpu_model"],
            "cores": machine["cores"],
            "placement": asdict(placement),
        },
        "architecture": machine["architecture"],
        "container_python": machine["python"],
        "memory_bytes": machine["memory_bytes"],
        "cgroup_version": machine["cgroup_version"],
        "clock_source": machine["clock_source"],
        "limits": asdict(limits),
        "scaled": scaled,
        "sysctls": machine["sysctls"],
        "ulimits": machine["ulimits"],
        "bridge_nf_call_iptables": machine["sysctls"].get(BRIDGE_NF),
        "docker": engine,
    }


def _compared(experiment: Experiment, limits: Limits) -> dict[str, Any]:
    """What the report compares; nothing where the experiment does not say it."""
    asked = experiment.compare
    if asked is None:
        return {}
    found = pairs(experiment, points(experiment, limits))
    names = tuple((one.name, other.name) for one, other in found)
    return {COMPARE: asdict(Compared(asked.a, asked.b, asked.tolerance, names))}


def usual(experiment: Experiment) -> dict[str, Any]:
    """What each setting of a trial is where no sweep says otherwise."""
    settings = asdict(Settings()) | experiment.settings.model_dump(exclude_none=True)
    return {name: settings[name] for name in SETTINGS}


def git_state() -> tuple[str | None, bool | None]:
    """Commit and whether files differ from it; None outside a git checkout."""
    commit = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain")
    return commit, None if status is None else bool(status)


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["git", "-C", str(ROOT), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
