"""Throwaway containers: a command run to its end, to learn something from inside.

The machine of the engine need not be this one, so its kernel settings and
limits are read where the trials will run.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from experiments.docker.driver import ContainerSpec, DriverError

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver

TOOL_S: Final = 60.0
LIMITS: Final = (
    *("cpus", "cpu_quota", "cpu_period_us", "nofile", "pids_limit"),
    *("memory_bytes", "sysctls"),
)
NR_OPEN: Final = 1_048_576
"""The kernel's default ceiling of descriptors per process; no trial needs more."""


def run_tool(
    driver: DockerDriver,
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
    the limits and kernel settings of `like`.
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
        spec = replace(spec, **{name: getattr(like, name) for name in LIMITS})
    container = driver.start(spec)
    try:
        code = driver.wait(container, timeout_s)
        output = driver.logs(container)
    finally:
        driver.remove([container])
    if code != 0:
        raise DriverError(f"{command[0]} in a container of {image} ended with {code}: {output}")
    return output


def nofile_limit(driver: DockerDriver, image: str) -> int:
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
