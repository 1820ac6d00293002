"""The container that shapes a path and ends.

It has one capability, NET_ADMIN, in a network namespace of the lab's alone. Docker gives
capabilities to root only, so it is root; its file system is read-only as all are, and nothing of
the trial runs in it. No other container of the lab's own has any, but a probe beside somebody's
server that runs as another user.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from contract.loads import POD
from contract.settings.trial import Settings
from experiments.docker.driver import ContainerSpec, Driver, Ended
from experiments.docker.tool import run_to_end
from experiments.link.shape import script

ROOT: Final = "0:0"
CAPABILITY: Final = "NET_ADMIN"
ANY_PORT: Final = 1
COMMAND: Final = "+ "
"""Before a command that a shell shows."""
UNKNOWN: Final = ("kind is unknown", "classifier not found", "No such file or directory")
"""In what `tc` says of a discipline or a classifier that the kernel does not have."""
FORBIDDEN: Final = "Operation not permitted"
NETEM: Final = "sch_netem"
MODULES: Final = {"netem": NETEM, "htb": "sch_htb", "u32": "cls_u32"}
"""By the word in a command."""


def shaper(
    settings: Settings, port: int, *, image: str, name: str, network: str, cpus: str = ""
) -> ContainerSpec:
    """Shapes the path to this port in a network namespace; its exit code is 0 if it did."""
    return ContainerSpec(
        role="link",
        name=name,
        image=image,
        command=("sh", "-c", script(settings, port)),
        network=network,
        cpus=cpus,
        user=ROOT,
        capabilities=(CAPABILITY,),
    )


def why_kernel_cannot(driver: Driver, image: str, settings: Settings, name: str) -> str:
    """Shape a namespace that nobody uses: why that cannot be, and what to do; empty if it can.
    Raises DriverError."""
    alone = replace(settings, network=POD)
    ended = run_to_end(driver, shaper(alone, ANY_PORT, image=image, name=name, network="none"))
    return why_not_shaped(ended) if ended.exit_code else ""


def why_not_shaped(ended: Ended) -> str:
    """Why a path could not be shaped, and what to do, from what the commands printed."""
    said = [line.strip() for line in ended.output.splitlines() if line.strip()]
    commands = [line.removeprefix(COMMAND) for line in said if line.startswith(COMMAND)]
    failed = commands[-1] if commands else "its first command"
    answer = "; ".join(line.rstrip(".") for line in said if not line.startswith(COMMAND))
    told = f"the path cannot be shaped: `{failed}` ended with {ended.exit_code}: {answer}"
    advice = _advice(failed, answer)
    return f"{told}. {advice}" if advice else told


def _advice(failed: str, answer: str) -> str:
    """What to do about it, where that is known."""
    if FORBIDDEN in answer:
        return (
            f"The engine does not let a container have {CAPABILITY} in a network namespace of its "
            "own, which delay_ms, loss and rate_mbit need: use one that does, or leave them out"
        )
    words = failed.split()
    module = next((module for word, module in MODULES.items() if word in words), "")
    if not module or not any(one in answer for one in UNKNOWN):
        return ""
    needs = (
        "delay_ms and loss need (rate_mbit alone does without it)"
        if module == NETEM
        else "delay_ms, loss and rate_mbit need"
    )
    return (
        f"The kernel of the engine's machine has no {module}, which {needs}: load it there "
        f"(`modprobe {module}`; some systems have it in a package of its own, "
        "kernel-modules-extra or linux-modules-extra), use a kernel that has it, or leave them out"
    )
