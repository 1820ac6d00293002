"""What the lab needs of this machine, what was found, and what to do about it.

Each check is a small function from what was seen to a `Check`; only `look`
and the functions named `_see_*` touch the machine. A run uses the same ones
before its first trial (`preflight`).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil
from rich.table import Table

from contract.console import cell
from contract.exits import Exit, LabError
from contract.ports import WEB_PORT
from experiments.docker.driver import DriverError
from experiments.docker.ownership import found
from experiments.images.store import ImageStore
from experiments.images.tool import run_tool
from experiments.machine import shortfalls
from experiments.machine.check import Check
from experiments.machine.kept import NAME, OF_SOME, check_kept, see_unkept
from experiments.machine.specimen import MODEL
from experiments.paths import ROOT
from experiments.run.run_lock import holder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from experiments.docker.docker_driver import DockerDriver
    from experiments.plan.trials import Trial

MARKS: Final = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}
CORES: Final = 2
NOFILE: Final = 10_300
"""10,000 connections and a reserve: server and load are two processes, so each
needs its own, and not the sum."""
MEMORY_BYTES: Final = 256 * 1024**2
"""Asked for, to see whether a limit of memory is kept."""
DISK_BYTES: Final = 2 * 1024**3
RESULT_BYTES: Final = 512 * 1024**2
TMP_BYTES: Final = 256 * 1024**2
API: Final = (1, 41)
PYTHON: Final = ((3, 11), (3, 15))
BUSY: Final = 0.15
WATCH_S: Final = 0.5
BRIDGE_FILE: Final = "/proc/sys/net/bridge/bridge-nf-call-iptables"
INSIDE: Final = f"""
import json, os
disk, path = os.statvfs("/"), "{BRIDGE_FILE}"
bridge = open(path).read().strip() if os.path.exists(path) else None
print(json.dumps({{"disk_bytes": disk.f_bavail * disk.f_frsize, "bridge_filter": bridge}}))
"""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a run wants: descriptors of its greediest process, space, a free port, and the limits
    and kernel settings that its trials ask for.

    `image` is one that exists, to look from inside; `port` None asks for none.
    """

    nofile: int
    image: str
    disk_bytes: int = RESULT_BYTES
    port: int | None = WEB_PORT
    results: Path = ROOT / "results"
    trials: Sequence[Trial] = (MODEL,)


def checks(driver: DockerDriver, results: Path = ROOT / "results") -> list[Check]:
    """Everything, the engine first; what depends on it is left out when it is not there."""
    return [
        *_engine(driver),
        check_space("disk for results", _see_space(results), RESULT_BYTES, str(results)),
        check_space(
            "temporary files", _see_space(Path(tempfile.gettempdir())), TMP_BYTES, "TMPDIR"
        ),
        check_port(WEB_PORT, port_is_free(WEB_PORT), holder()),
        check_busy(psutil.cpu_percent(WATCH_S) / 100, os.getloadavg()[0]),
        check_python(sys.version_info[:2]),
        check_program("make", shutil.which("make"), "the targets of the Makefile"),
        check_program("compose", _see_compose(), "`make ui`"),
    ]


def preflight(driver: DockerDriver, needs: Needs) -> None:
    """Raises LabError(Exit.NOT_READY) with every failure that would stop the run."""
    facts, info = look(driver, needs.image), driver.info()
    done = [
        check_cores(int(info["NCPU"])),
        check_nofile(driver.nofile_limit(needs.image), needs.nofile),
        check_space("disk of the engine", facts["disk_bytes"], needs.disk_bytes, "its disk"),
        check_space(
            "disk for results", _see_space(needs.results), needs.disk_bytes, str(needs.results)
        ),
    ]
    if int(info["NCPU"]) >= CORES:
        try:
            done.append(check_kept(see_unkept(driver, needs.image, needs.trials, info), info))
        except DriverError as error:
            done.append(Check(NAME, "fail", "refused", str(error)))
    if needs.port is not None:
        done.append(check_port(needs.port, port_is_free(needs.port), None))
    failed = [f"{one.name}: {one.seen}; {one.advice}" for one in done if one.status == "fail"]
    if failed:
        raise LabError("this machine is not ready:\n  " + "\n  ".join(failed), Exit.NOT_READY)


def report(done: Sequence[Check], console: Console) -> Exit:
    """Print the table; NOT_READY when something failed."""
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("check", "", "seen", "what to do"):
        table.add_column(heading, overflow="fold")
    for one in done:
        table.add_row(one.name, MARKS[one.status], cell(one.seen), cell(one.advice))
    console.print(table)
    return Exit.NOT_READY if any(one.status == "fail" for one in done) else Exit.OK


def look(driver: DockerDriver, image: str) -> dict[str, Any]:
    """Read the engine's machine from inside a container: `disk_bytes`, `bridge_filter`."""
    answer: dict[str, Any] = json.loads(
        run_tool(driver, image, ("python3", "-c", INSIDE), network="host")
    )
    return answer


def _engine(driver: DockerDriver) -> list[Check]:
    try:
        version, info = driver.version(), driver.info()
        image = ImageStore(driver).newest("server")
        done = [
            check_engine(version, info),
            check_cores(int(info["NCPU"])),
            check_leftovers(found(driver, of_runs=True), holder()),
        ]
        if image is not None:
            facts = look(driver, image)
            space, bridge = facts["disk_bytes"], facts["bridge_filter"]
            done.append(check_nofile(driver.nofile_limit(image), NOFILE))
            if int(info["NCPU"]) >= CORES:
                seen = see_unkept(driver, image, (MODEL,), info, MEMORY_BYTES)
                done.append(check_kept(seen, info, OF_SOME))
        else:
            root = Path(info["DockerRootDir"])
            space, bridge = _see_space(root) if root.exists() else None, _see_bridge()
            done.append(Check("descriptors", "warn", "unknown", "known once the images are built"))
            said = shortfalls.unsupported(info)
            fine = "kept, says the engine; tried once the images are built"
            done.append(check_kept(said, info, OF_SOME, fine))
        done.append(check_bridge(bridge))
        done.append(check_space("disk of the engine", space, DISK_BYTES, info["DockerRootDir"]))
    except LabError as error:
        return [Check("engine", "fail", "no answer", str(error))]
    except DriverError as error:
        return [Check("engine", "fail", "refused", str(error))]
    return done


def check_engine(version: dict[str, Any], info: dict[str, Any]) -> Check:
    seen = (
        f"{version['Version']}, API {version['ApiVersion']}, {info['Architecture']}, "
        f"cgroup v{info.get('CgroupVersion', '1')}, {info['Driver']}"
    )
    if tuple(int(part) for part in version["ApiVersion"].split(".")) < API:
        return Check("engine", "fail", seen, "update Docker to 20.10 or newer")
    return Check("engine", "ok", seen)


def check_cores(cores: int) -> Check:
    if cores < CORES:
        advice = (
            f"{CORES} are needed, one for the server and one for the load; give the engine more"
        )
        return Check("cores", "fail", str(cores), advice)
    return Check("cores", "ok", str(cores))


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
        return Check(name, "warn", "unknown", f"{where} is not on this machine; look there")
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


def _see_space(path: Path) -> int | None:
    """Free bytes where `path` is or will be."""
    there = next((one for one in (path, *path.parents) if one.exists()), None)
    return None if there is None else shutil.disk_usage(there).free


def port_is_free(port: int) -> bool:
    """Whether 127.0.0.1 has it free."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _see_bridge() -> str | None:
    path = Path(BRIDGE_FILE)
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def _see_compose() -> str | None:
    """`docker compose` (a plug-in) or `docker-compose` (a program of its own)."""
    docker = shutil.which("docker")
    if docker is not None:
        command = [docker, "compose", "version", "--short"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
        if done.returncode == 0:
            return f"docker compose {done.stdout.strip()}"
    return shutil.which("docker-compose")
