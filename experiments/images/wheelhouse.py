"""Python packages for the images, fetched on the host and checked by hash.

The host's pip fetches them with the host's own configuration (index, proxy,
certificates), so nothing inside a build needs a network.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from contract.exits import Exit, LabError
from experiments.images.cache import CACHE_FOLDER, hand_over
from experiments.paths import ROOT

CACHE: Final = CACHE_FOLDER / "wheels"
MARKER: Final = ".complete"
OUTPUT_LINES: Final = 30
VERSION, ABIS = "3.13", ("cp313", "abi3", "none")
GLIBC: Final = ("2_34", "2_31", "2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
LEGACY: Final = ("manylinux2014", "manylinux2010", "manylinux1")


def download_command(architecture: str, lock: Path, folder: Path) -> list[str]:
    """pip's arguments: exactly the locked wheels, for the images' Python and machine."""
    tags = [f"manylinux_{glibc}_{architecture}" for glibc in GLIBC]
    tags += [f"{name}_{architecture}" for name in LEGACY]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:"]
    command += ["--implementation", "cp", "--python-version", VERSION]
    command += [f"--abi={abi}" for abi in ABIS] + [f"--platform={tag}" for tag in tags]
    return [*command, "--dest", str(folder), "-r", str(lock)]


def wheel_folder(architecture: str, lock: Path, cache: Path = CACHE) -> Path:
    """Where the wheels of this lock are, or will be."""
    digest = hashlib.sha256(f"{architecture}\0{lock.read_text()}".encode())
    return cache / digest.hexdigest()[:12]


def ensure_wheels(architecture: str, lock: Path, say: Callable[[str], None]) -> Path:
    """The folder with all wheels of the lock, and the lock; fetched once. Raises LabError."""
    folder = wheel_folder(architecture, lock)
    if (folder / MARKER).exists():
        return folder
    name = lock.relative_to(ROOT)
    say(f"python packages: fetching the wheels of {name}")
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=CACHE))
    own = fresh / "requirements.lock"
    try:
        own.write_text(lock.read_text())
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            download_command(architecture, own, fresh), text=True, capture_output=True, check=False
        )
        if done.returncode != 0:
            lines = (done.stdout + done.stderr).splitlines()[-OUTPUT_LINES:]
            raise LabError(
                f"python packages: pip could not fetch the wheels of {name}; "
                "see whether `pip download` works on this machine (proxy, index, disk). It said:\n"
                + "\n".join(f"  | {line}" for line in lines),
                Exit.NOT_READY,
            )
        (fresh / MARKER).touch()
        fresh.chmod(0o755)  # made by root once, it is for all users of the checkout
        if folder.exists():  # an unfinished one, from before the marker
            shutil.rmtree(folder)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        hand_over()
    return folder
