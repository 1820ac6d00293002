"""Findings about this machine, from what was seen: for `make doctor`, and before a run begins.

Pure: nothing here touches the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from experiments.machine.cores import Placement

Status = Literal["ok", "warn", "fail"]
CORES: Final = 2
API: Final = (1, 41)
PYTHON: Final = ((3, 11), (3, 15))
BUSY: Final = 0.15
NOT_REACHED: Final = (
    "the lab publishes its ports on the engine's 127.0.0.1: run it where the engine runs, or give "
    "the (development) container that this is in the engine's network, `--network host`"
)
"""Advice where a port that the engine has published is not reached."""


@dataclass(frozen=True, slots=True)
class Check:
    """`seen` is what was found; `advice`, when there is a shortfall, what to do."""

    name: str
    status: Status
    seen: str
    advice: str = ""


def check_engine(version: dict[str, Any], info: dict[str, Any]) -> Check:
    seen = (
        f"{version['Version']}, API {version['ApiVersion']}, {info['Architecture']}, "
        f"cgroup v{info.get('CgroupVersion', '1')}, {info['Driver']}"
    )
    if tuple(int(part) for part in version["ApiVersion"].split(".")) < API:
        return Check("engine", "fail", seen, "update Docker to 20.10 or newer")
    if _is_podman(version):
        advice = "use Docker's engine: with podman 5.4 no load worker reached the Locust master"
        return Check("engine", "fail", f"{seen}, which is podman's service", advice)
    return Check("engine", "ok", seen)


def _is_podman(version: Mapping[str, Any]) -> bool:
    """By the parts that it names."""
    return any("Podman" in one.get("Name", "") for one in version.get("Components") or ())


def check_place(url: str, said_by: str, elsewhere: bool, reached: bool | None = None) -> Check:
    """`reached`: whether its 127.0.0.1 is, if that was tried."""
    seen = f"{url}, by {said_by}"
    if elsewhere:
        advice = (
            "the lab publishes its ports on 127.0.0.1 of the engine's machine, and this is another "
            "one: run it there"
        )
        return Check("place of the engine", "fail", seen, advice)
    if reached is False:
        return Check(
            "place of the engine", "fail", f"{seen}; its ports are not reached", NOT_REACHED
        )
    return Check("place of the engine", "ok", seen)


def check_cores(count: int, placement: Placement | None = None) -> Check:
    """`placement` is where server and load would be, if that is known."""
    if count < CORES:
        advice = (
            f"{CORES} are needed, one for the server and one for the load; give the engine more"
        )
        return Check("cores", "fail", str(count), advice)
    if placement is None:
        return Check("cores", "ok", str(count))
    if placement.unlike:
        advice = "ratios of servers in one run hold; compare no rates with those of other machines"
        return Check("cores", "warn", f"{count}; {placement}", advice)
    return Check("cores", "ok", f"{count}; {placement}")


def check_nofile(limit: int, wanted: int) -> Check:
    seen = f"{limit:,} per process; {wanted:,} wanted"
    if limit < wanted:
        advice = (
            "raise the engine's own limit (LimitNOFILE of docker.service and containerd.service, "
            "then restart both), or ask for fewer connections"
        )
        return Check("descriptors", "fail", seen, advice)
    return Check("descriptors", "ok", seen)


def check_space(name: str, free: int | None, wanted: int, where: str) -> Check:
    if free is None:
        advice = f"{where} is on another machine, or not for this user to see; look there"
        return Check(name, "warn", "unknown", advice)
    seen = f"{free / 1024**3:.1f} GiB free; {wanted / 1024**3:.1f} wanted"
    if free < wanted:
        return Check(name, "fail", seen, f"free space on {where}")
    return Check(name, "ok", seen)


def check_bridge(value: str | None) -> Check:
    if value == "1":
        advice = (
            "trials with `network: bridge` pass the host's firewall, up to 4 times slower for new "
            "connections; `network: pod` does not. The report records it; nothing to do"
        )
        return Check("bridge netfilter", "warn", "on", advice)
    return Check("bridge netfilter", "ok", "off")


def check_leftovers(left: dict[str, list[tuple[str, str]]], running: str | None) -> Check:
    names = [name for group in left.values() for _, name in group]
    if running:
        return Check("leftovers", "ok", f"a run is going on ({running})")
    if names:
        advice = "left by a killed run; the next run removes them, `make clean` does it now"
        return Check("leftovers", "warn", ", ".join(names), advice)
    return Check("leftovers", "ok", "none")


def check_port(port: int, free: bool, running: str | None) -> Check:
    if free:
        return Check(f"port {port}", "ok", "free")
    if running:
        return Check(f"port {port}", "ok", "used by the run that is going on")
    advice = f"stop what holds it: `ss -ltnp 'sport = :{port}'` names it"
    return Check(f"port {port}", "fail", "taken", advice)


def check_busy(cpu_share: float, load: float) -> Check:
    seen = f"{cpu_share:.0%} of all cores in use, load average {load:.1f}"
    if cpu_share > BUSY:
        advice = "figures would be the neighbours' as well; end what runs here and wait a minute"
        return Check("idle machine", "warn", seen, advice)
    return Check("idle machine", "ok", seen)


def check_python(version: tuple[int, ...]) -> Check:
    low, high = PYTHON
    seen = ".".join(map(str, version))
    if not low <= version < high:
        advice = f"use Python {low[0]}.{low[1]} to {high[0]}.{high[1] - 1}"
        return Check("python", "fail", seen, advice)
    return Check("python", "ok", seen)


def check_program(name: str, path: str | None, purpose: str) -> Check:
    if path is None:
        return Check(name, "warn", "not found", f"install it; {purpose} needs it")
    return Check(name, "ok", path)
