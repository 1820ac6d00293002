"""Limits that a container asked for and was not given. Pure comparison and text.

An engine says some of it when it creates a container (a warning that a limit is discarded), and
some of it never: one without root and without systemd drops limits silently. So there are two
readings of a shortfall, the engine's warnings and what the container itself sees (granted.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contract.granted import parse_cores
from experiments.docker.container_options import quota_us
from experiments.docker.driver import ContainerSpec, DriverError

CORES: Final = "cores"
QUOTA: Final = "CPU quota"
PIDS: Final = "processes"
MEMORY: Final = "memory"
SWAP: Final = "swap"
NOFILE: Final = "descriptors"
SYSCTL: Final = "kernel setting"
CONTROLLERS: Final = {CORES: "cpuset", QUOTA: "cpu", PIDS: "pids", MEMORY: "memory", SWAP: "memory"}
WARNINGS: Final = (
    (re.compile(r"cpuset discarded", re.IGNORECASE), CORES),
    (re.compile(r"(quota|period) discarded", re.IGNORECASE), QUOTA),
    (re.compile(r"pids limit discarded", re.IGNORECASE), PIDS),
    (re.compile(r"memory limit .*limitation discarded", re.IGNORECASE), MEMORY),
    (re.compile(r"limited without swap", re.IGNORECASE), SWAP),
)
"""The engine's own words, from 19.03 on (verifyPlatformContainerResources in its daemon)."""
BOOT: Final = {MEMORY: "cgroup_enable=memory", SWAP: "swapaccount=1"}
"""Boot parameters for the parts of cgroup v1 that kernels may have switched off."""
FLAGS: Final = {
    "CPUSet": CORES,
    "CpuCfsQuota": QUOTA,
    "PidsLimit": PIDS,
    "MemoryLimit": MEMORY,
}
"""Keys of the engine's answer to GET /info."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """`limit` is one of the names above; for a kernel setting, with its own name after it."""

    limit: str
    asked: str
    given: str

    def __str__(self) -> str:
        return f"{self.limit}: asked {self.asked}, given {self.given}"


class DiscardedError(DriverError):
    """The engine would start the container without limits that were asked for."""

    def __init__(self, doing: str, found: list[Shortfall]) -> None:
        super().__init__(f"{doing}: {'; '.join(map(str, found))}. `make doctor` says what to do")
        self.found = found


def discarded(spec: ContainerSpec, warnings: Iterable[str]) -> list[Shortfall]:
    """Limits of this spec that the engine discards, by its warnings on creating it.

    Without a limit of swap the limit of memory holds: that alone is no reason not to start.
    """
    asked = _asked(spec)
    return [
        Shortfall(limit, asked[limit], f"none ({text.strip()})")
        for text in warnings
        for pattern, limit in WARNINGS
        if limit in asked and limit != SWAP and pattern.search(text)
    ]


def is_told_of(text: str) -> bool:
    """Whether a warning is about a limit, which `discarded` judges."""
    return any(pattern.search(text) for pattern, _ in WARNINGS)


def unsupported(info: Mapping[str, Any]) -> list[Shortfall]:
    """Limits that the engine says it cannot keep: all that is known while nothing can start."""
    return [
        Shortfall(limit, "any", "none") for flag, limit in FLAGS.items() if info.get(flag) is False
    ]


def compare(spec: ContainerSpec, seen: Mapping[str, Any]) -> list[Shortfall]:
    """The spec beside what a container of it has (`seen`: the reading of contract/granted.py)."""
    asked, given = _asked(spec), _given(seen)
    found = [
        Shortfall(limit, wanted, given[limit])
        for limit, wanted in asked.items()
        if given[limit] != wanted and not _as_good(limit, spec, seen)
    ]
    for name, value in spec.sysctls.items():
        has = seen["sysctls"].get(name)
        if has != " ".join(value.split()):
            there = "none of that name" if has is None else has
            found.append(Shortfall(f"{SYSCTL} {name}", value, there))
    return found


def advice(limits: Collection[str], info: Mapping[str, Any]) -> str:
    """What to do about these shortfalls with this engine (its answer to GET /info)."""
    told = []
    controllers = list(dict.fromkeys(CONTROLLERS[one] for one in limits if one in CONTROLLERS))
    if controllers:
        told.append(_advice_about(controllers, limits, info))
    if NOFILE in limits:
        told.append(
            "raise the engine's own limit of descriptors (LimitNOFILE of docker.service and "
            "containerd.service, then restart both)"
        )
    if any(one.startswith(SYSCTL) for one in limits):
        told.append("the engine does not set kernel settings of containers; use another one")
    return "; ".join(told)


def _advice_about(controllers: list[str], limits: Collection[str], info: Mapping[str, Any]) -> str:
    names, v2 = ", ".join(controllers), str(info.get("CgroupVersion", "1")) == "2"
    if any("rootless" in str(option) for option in info.get("SecurityOptions") or ()):
        if not v2 or info.get("CgroupDriver") != "systemd":
            return (
                "an engine without root keeps limits only with cgroup v2 and systemd (`docker "
                "info` then says `Cgroup Driver: systemd`); boot with these, or use one with root"
            )
        return (
            f"systemd does not delegate to your user, and so to the engine: {names}. Write "
            "`[Service]` and, on a line of its own, `Delegate=cpu cpuset io memory pids` into "
            "/etc/systemd/system/user@.service.d/delegate.conf, run `sudo systemctl "
            "daemon-reload` and restart the machine (systemd 244 or newer); or use an engine with "
            "root"
        )
    if v2:
        return (
            f"`cat /sys/fs/cgroup/cgroup.controllers` on the engine's machine has to list: {names}."
            " Where cgroup v1 holds them, boot with `cgroup_no_v1=all` (under WSL: "
            "kernelCommandLine in .wslconfig); an engine in a container needs them of its host"
        )
    boot = [word for limit, word in BOOT.items() if limit in limits]
    steps = [f"boot the engine's machine with: {' '.join(boot)}"] if boot else []
    if mounts := [
        f"`mount -t cgroup -o {one} {one} /sys/fs/cgroup/{one}`"
        for one in controllers
        if one != CONTROLLERS[MEMORY]
    ]:
        steps.append(f"on the engine's machine {', '.join(mounts)}, then restart the engine")
    return "; ".join(steps)


def _asked(spec: ContainerSpec) -> dict[str, str]:
    asked: dict[str, str] = {}
    if spec.cpus:
        asked[CORES] = cores_as_set(parse_cores(spec.cpus))
    if spec.cpu_quota is not None:
        asked[QUOTA] = _period(quota_us(spec, spec.cpu_quota), spec.cpu_period_us)
    if spec.pids_limit is not None:
        asked[PIDS] = str(spec.pids_limit)
    if spec.memory_bytes is not None:
        asked |= {MEMORY: f"{spec.memory_bytes} bytes", SWAP: "0 bytes"}
    if spec.nofile is not None:
        asked[NOFILE] = str(spec.nofile)
    return asked


def _given(seen: Mapping[str, Any]) -> dict[str, str]:
    quota, memory, swap = (seen[name] for name in ("quota_us", "memory_bytes", "swap_bytes"))
    return {
        CORES: cores_as_set(seen["affinity"]),
        QUOTA: "none" if quota is None else _period(quota, seen["period_us"]),
        PIDS: _number(seen["pids"]),
        MEMORY: "no limit" if memory is None else f"{memory} bytes",
        SWAP: "no limit" if swap is None else f"{swap} bytes",
        NOFILE: str(seen["nofile"]),
    }


def _as_good(limit: str, spec: ContainerSpec, seen: Mapping[str, Any]) -> bool:
    """Whether an unequal limit will do: memory is rounded to pages; a machine may have no swap."""
    if limit == MEMORY and seen["memory_bytes"] is not None and spec.memory_bytes is not None:
        return bool(0 <= spec.memory_bytes - seen["memory_bytes"] < seen["page_bytes"])
    return limit == SWAP and not seen["machine_swap_bytes"]


def cores_as_set(cores: Iterable[int]) -> str:
    """Cores in the engine's notation: 0,2,3."""
    return ",".join(map(str, sorted(cores)))


def _period(quota: int, period: int | None) -> str:
    return f"{quota} of each {period} us"


def _number(limit: int | None) -> str:
    return "no limit" if limit is None else str(limit)
