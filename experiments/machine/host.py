"""What is seen of the machine: from here, and from inside a container where its engine is."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from contract.sysctls import BRIDGE_NF
from experiments.docker.driver import Driver
from experiments.docker.tool import run_tool

CONTAINERD: Final = Path("/var/lib/containerd")
"""The folder of one that the system started, if nobody has moved it."""
BY_CONTAINERD: Final = ["driver-type", "io.containerd.snapshotter.v1"]
"""Among what an engine tells of its storage."""
BRIDGE_FILE: Final = f"/proc/sys/{BRIDGE_NF}"
INSIDE: Final = f"""
import json, os
disk, path = os.statvfs("/"), "{BRIDGE_FILE}"
bridge = open(path).read().strip() if os.path.exists(path) else None
print(json.dumps({{"disk_bytes": disk.f_bavail * disk.f_frsize, "bridge_filter": bridge}}))
"""


def look(driver: Driver, image: str) -> dict[str, Any]:
    """Read the engine's machine from inside a container: `disk_bytes`, `bridge_filter`."""
    answer: dict[str, Any] = json.loads(
        run_tool(driver, image, ("python3", "-c", INSIDE), network="host")
    )
    return answer


def engine_folder(info: Mapping[str, Any]) -> Path:
    """Where the engine that answered `info` has its images and the files of containers: in its own
    folder; in containerd's, where that stores them, which is in the engine's if that started it."""
    own = Path(info["DockerRootDir"])
    if BY_CONTAINERD not in (info.get("DriverStatus") or ()):
        return own
    answers_at = Path((info.get("Containerd") or {}).get("Address") or "")  # older ones do not tell
    return own / "containerd" / "daemon" if "docker" in answers_at.parts else CONTAINERD


def free_space(path: Path) -> int | None:
    """Free bytes where `path` is or will be."""
    there = next(filter(os.path.exists, (path, *path.parents)), None)
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


def bridge_filter() -> str | None:
    path = Path(BRIDGE_FILE)
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def compose_program() -> str | None:
    """`docker compose` (a plug-in) or `docker-compose` (a program of its own)."""
    docker = shutil.which("docker")
    if docker is not None:
        command = [docker, "compose", "version", "--short"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
        if done.returncode == 0:
            return f"docker compose {done.stdout.strip()}"
    return shutil.which("docker-compose")
