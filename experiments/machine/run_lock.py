"""Who may measure now: two measurements at once would measure each other.

One lock covers the machine, whoever asks and whatever TMPDIR says. It is a record lock (fcntl),
because of what the kernel promises of one: it ends with the process that took it, SIGKILL
included; a forked child does not have it; and F_GETLK tells who holds it without taking anything,
so that who only looks keeps nobody from starting. But it also ends when its process closes the
file anywhere: so a process that holds it answers from its own memory, and opens it no second time.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import struct
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contract.exits import Exit, LabError
from experiments.machine.user import user

PATH: Final = Path("/") / "tmp" / "c10k-lab.lock"
"""One file for all users of the machine: they would disturb each other."""
FLOCK: Final = "qqihh" if sys.platform == "darwin" else "hhqqi"
"""C's struct flock: l_type, l_whence, l_start, l_len and l_pid, in the platform's order."""
TYPE_AT: Final = 3 if sys.platform == "darwin" else 0
DETAILS_BYTES = 65_536

_held: dict[Path, tuple[int, bytes]] = {}
"""What this process holds: its id, as a forked child has a copy of this, and the details."""


class RunLock:
    """The right to measure on this machine, held as long as the process lives.

    The file stays behind on purpose, because removing a lock file lets two processes hold a
    lock of the same name.
    """

    def __init__(self, run: str, folder: Path, path: Path = PATH) -> None:
        self._run = run
        self._folder = folder
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None and _mine(self._path) is not None

    def acquire(self) -> None:
        """Raises LabError(Exit.BUSY) with the details of the run that holds it."""
        if (mine := _mine(self._path)) is not None:
            raise _busy(_describe(mine))
        descriptor = _open(self._path)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            holder = _describe(os.pread(descriptor, DETAILS_BYTES, 0))
            os.close(descriptor)
            raise _busy(holder) from None
        details = {
            "pid": os.getpid(),
            "user": user(),
            "run": self._run,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "folder": str(self._folder),
        }
        content = json.dumps(details).encode()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)
        self._descriptor = descriptor
        _held[self._path] = os.getpid(), content

    def release(self) -> None:
        """Give it up; a second call does nothing, nor does a forked child's."""
        if self._descriptor is None:
            return
        if self.held:
            os.ftruncate(self._descriptor, 0)
            del _held[self._path]
        os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> RunLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder(path: Path = PATH) -> str | None:
    """The details of the run that measures now, or None; takes nothing and makes nothing.

    LabError(Exit.NOT_READY) where the file cannot be read.
    """
    if (mine := _mine(path)) is not None:
        return _describe(mine)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        asked = [0] * 5
        asked[TYPE_AT] = fcntl.F_WRLCK
        found = fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(FLOCK, *asked))
        if struct.unpack(FLOCK, found)[TYPE_AT] == fcntl.F_UNLCK:
            return None
        return _describe(os.pread(descriptor, DETAILS_BYTES, 0))
    finally:
        os.close(descriptor)


def _mine(path: Path) -> bytes | None:
    """The details, where this process holds the lock."""
    process, content = _held.get(path, (0, b""))
    return content if process == os.getpid() else None


def _busy(holder: str) -> LabError:
    return LabError(
        f"another run is measuring on this machine ({holder}); "
        "two at once would measure each other. Wait for it, or stop it with Ctrl-C there",
        Exit.BUSY,
    )


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
        raise _unusable(path, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise LabError(f"{path}: the run lock is not a regular file; remove it", Exit.NOT_READY)
    return descriptor


def _unusable(path: Path, error: OSError) -> LabError:
    return LabError(
        f"{path}: cannot open the run lock ({error.strerror}); "
        "remove that file, or have its owner do it",
        Exit.NOT_READY,
    )


def _describe(content: bytes) -> str:
    """The holder's details in words; it may just be writing them."""
    try:
        details = json.loads(content)
        return ", ".join(f"{name} {value}" for name, value in details.items())
    except (ValueError, AttributeError):
        return "it has only just started"
