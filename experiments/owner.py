"""Who made a container, and who may measure now.

Everything the lab makes in the engine carries the owner and has a name that the
lab gave, so that a sweep after a killed run and `make clean` touch the lab's own
things and nothing else. A label alone tells nothing: an image inherits those of
the image that it is built from, a container those of its image, and anybody can
set any. Two measurements at once would measure each other, so one lock covers
the machine.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
import platform
import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.driver import InUseError
from experiments.exits import Exit, LabError

if TYPE_CHECKING:
    from experiments.docker_driver import DockerDriver

ROOT: Final = Path(__file__).resolve().parents[1]
MACHINE_ID: Final = Path("/etc/machine-id")

LABEL: Final = "c10k-lab"
LABEL_OWNER: Final = "c10k-lab.owner"
LABEL_RUN: Final = "c10k-lab.run"
LABEL_ROLE: Final = "c10k-lab.role"
LABEL_NAME: Final = "c10k-lab.name"
"""What the lab called it: what bears another name is not the lab's."""
ROLE_IMAGE: Final = "image"


def owner_id(checkout: Path = ROOT) -> str:
    """Twelve hex digits, the same for one user, host and checkout at all times."""
    try:
        host = MACHINE_ID.read_text(encoding="ascii").strip() or platform.node()
    except OSError:
        host = platform.node()
    identity = "\0".join((_user(), host, str(checkout.resolve())))
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def project(owner: str) -> str:
    """The Compose project of `make ui`, which begins the names of all that it starts."""
    return f"c10k-lab-{owner}"


def labels(owner: str, role: str, run: str | None, name: str) -> dict[str, str]:
    """The labels of everything that the lab makes in the engine; an image has no run."""
    found = {LABEL: "1", LABEL_OWNER: owner, LABEL_ROLE: role, LABEL_NAME: name}
    if run:
        found[LABEL_RUN] = run
    return found


def lock_path() -> Path:
    """One file for all users of the machine: they would disturb each other."""
    return Path(tempfile.gettempdir()) / "c10k-lab.lock"


class RunLock:
    """The right to measure on this machine, held as long as the process lives.

    The kernel releases it however the process ends, SIGKILL included; the file
    stays behind on purpose, because removing a lock file lets two processes
    hold a lock of the same name.
    """

    def __init__(self, run: str, folder: Path, path: Path | None = None) -> None:
        self._run = run
        self._folder = folder
        self._path = path or lock_path()
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def acquire(self) -> None:
        """Raises LabError(Exit.BUSY) with the details of the run that holds it."""
        descriptor = _open(self._path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _describe(os.pread(descriptor, 65_536, 0))
            os.close(descriptor)
            raise LabError(
                f"another run is measuring on this machine ({holder}); "
                "two at once would measure each other. Wait for it, or stop it with Ctrl-C there",
                Exit.BUSY,
            ) from None
        details = {
            "pid": os.getpid(),
            "user": _user(),
            "run": self._run,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "folder": str(self._folder),
        }
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(details).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give it up; a second call does nothing."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> RunLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder(path: Path | None = None) -> str | None:
    """The details of the run that measures now, or None; takes nothing."""
    descriptor = _open(path or lock_path())
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _describe(os.pread(descriptor, 65_536, 0))
    else:
        return None
    finally:
        os.close(descriptor)


def found(driver: DockerDriver, *, of_runs: bool) -> dict[str, list[tuple[str, str]]]:
    """(id, name) of this owner's `containers` and `networks` in the engine; it makes no volumes.

    What carries the labels without the name that the lab gave is somebody else's.
    With `of_runs`, only what a run or a tool started, and nothing of `make ui`.
    """
    wanted = [f"{LABEL}=1", f"{LABEL_OWNER}={driver.owner}", *([LABEL_RUN] if of_runs else [])]
    api, match = driver.api, {"label": wanted}
    with driver.guard("listing what the lab left"):
        containers = api.containers(all=True, filters=match)
        networks = api.networks(filters=match)
    return {
        "containers": [
            (one["Id"], _name(one)) for one in containers if _is_own(driver.owner, one, _name(one))
        ],
        "networks": [
            (one["Id"], one["Name"]) for one in networks if _is_own(driver.owner, one, one["Name"])
        ],
    }


def sweep(driver: DockerDriver, *, of_runs: bool) -> list[str]:
    """Remove what `found` lists; returns the names. Only for who holds the run lock.

    A network that a container of somebody else's has joined stays.
    """
    left = found(driver, of_runs=of_runs)
    driver.remove(container for container, _ in left["containers"])
    gone = [name for _, name in left["containers"]]
    for network, name in left["networks"]:
        with suppress(InUseError):
            driver.remove_network(network)
            gone.append(name)
    return gone


def _is_own(owner: str, one: dict[str, Any], name: str) -> bool:
    """Whether the lab called it so, by itself or through Compose (1 joins words by _, 2 by -)."""
    through_compose = name.startswith((f"{project(owner)}_", f"{project(owner)}-"))
    return through_compose or name == one["Labels"].get(LABEL_NAME)


def _open(path: Path) -> int:
    """Open the lock file, making it when it is not there.

    A kernel that protects regular files in sticky folders refuses O_CREAT on a
    file of somebody else, so it is opened without first. A link is refused.
    """
    try:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
            os.fchmod(descriptor, 0o666)
    except OSError as error:
        raise LabError(
            f"{path}: cannot open the run lock ({error.strerror}); "
            "remove that file, or set TMPDIR to a folder that you can write",
            Exit.NOT_READY,
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise LabError(f"{path}: the run lock is not a regular file; remove it", Exit.NOT_READY)
    return descriptor


def _describe(content: bytes) -> str:
    """The holder's details in words; it may just be writing them."""
    try:
        details = json.loads(content)
        return ", ".join(f"{name} {value}" for name, value in details.items())
    except (ValueError, AttributeError):
        return "it has only just started"


def _name(container: dict[str, Any]) -> str:
    """A container that is being removed may have lost its name already; what the lab called it
    stands for it, since what hangs on it can only go after it."""
    names = container.get("Names") or [container["Labels"].get(LABEL_NAME, container["Id"][:12])]
    return str(names[0]).lstrip("/")


def _user() -> str:
    """Who asks; root by `sudo` is the one who called it."""
    if os.geteuid() == 0 and (caller := os.environ.get("SUDO_USER")):
        return caller
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name; 3.13 raises OSError
        return str(os.getuid())
