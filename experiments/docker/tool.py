"""Containers that are there for a moment: a command run to its end, to learn something from inside.

The machine of the engine need not be this one, so its kernel settings and
limits are read where the trials will run.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Final

from experiments.docker.driver import ContainerSpec, Driver, DriverError, Ended

TOOL_S: Final = 60.0
LIMITS: Final = (
    *("cpus", "cpu_quota", "cpu_period_us", "nofile", "pids_limit"),
    *("memory_bytes", "sysctls"),
)
NR_OPEN: Final = 1_048_576
"""The kernel's default ceiling of descriptors per process; no trial needs more."""


def program(module: ModuleType, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module which stands alone: by its source, so that any image of the
    lab can, an older one too."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    return ("python3", "-c", source, *arguments)


@contextmanager
def running(driver: Driver, spec: ContainerSpec) -> Iterator[str]:
    """Start a container, whose id this gives; it is removed at the end."""
    container = driver.start(spec)
    try:
        yield container
    finally:
        driver.remove([container])


def run_to_end(driver: Driver, spec: ContainerSpec, timeout_s: float = TOOL_S) -> Ended:
    """Start a container, wait for its end and remove it. Raises DriverError when it goes on."""
    with running(driver, spec) as container:
        return Ended(driver.wait(container, timeout_s), driver.logs(container))


def run_tool(
    driver: Driver,
    image: str,
    command: tuple[str, ...],
    *,
    network: str = "none",
    nofile: int | None = None,
    like: ContainerSpec | None = None,
    timeout_s: float = TOOL_S,
) -> str:
    """What `command` prints in a fresh container of `image`. Raises DriverError.

    `network="host"` reads the settings of the engine's own network namespace: a
    fresh one shows defaults instead (bridge-nf-call-iptables always reads 1). The container has
    the limits and kernel settings of `like`, on its host.
    """
    spec = ContainerSpec(
        role="tool",
        name=f"c10k-tool-{uuid.uuid4().hex[:12]}",
        image=image,
        command=command,
        network=network,
        nofile=nofile,
    )
    if like is not None:
        limits = {name: getattr(like, name) for name in LIMITS}
        spec = replace(spec, side=like.side, **limits)
    ended = run_to_end(driver, spec, timeout_s)
    if ended.exit_code:
        raise DriverError(
            f"{command[0]} in a container of {image} ended with {ended.exit_code}: {ended.output}"
        )
    return ended.output


def nofile_limit(driver: Driver, image: str) -> int:
    """Descriptors per process that the engine can grant, found by asking for them.

    An engine may be unable to grant more than it has itself, so the kernel's
    ceiling is tried first; refused, a container without a limit of its own
    tells what the engine passes on.
    """
    command = ("python3", "-c", "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE)[1])")
    try:
        answer = run_tool(driver, image, command, nofile=NR_OPEN)
    except DriverError:
        answer = run_tool(driver, image, command)
    found = int(answer)
    return NR_OPEN if found < 0 else min(found, NR_OPEN)
