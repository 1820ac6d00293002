"""What each build has made so far, noted while it goes on: a killed one cannot remove it itself.

No label proves that an image without a tag is the lab's: whoever builds on an image of the lab's
inherits them all. But a build tells the ids of what it makes. Its note is locked as long as it goes
on, and that lock ends with its process, SIGKILL included.
"""

from __future__ import annotations

import fcntl
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Final

from experiments.images.cache import CACHE_FOLDER, hand_over

FOLDER: Final = CACHE_FOLDER / "builds"
ID: Final = re.compile(r"^[0-9a-f]{12}$", re.MULTILINE)


class BuildNote:
    """The ids (short) of the images that one build made, oldest first. Without a file it is kept
    by nobody."""

    def __init__(self, file: FileIO | None, path: Path, made: Sequence[str] = ()) -> None:
        self._file = file
        self._path = path
        self.made = list(made)

    def add(self, made: Sequence[str]) -> None:
        """`made` are all of them up to now."""
        new = made[len(self.made) :]
        self.made += new
        if new and self._file is not None:
            with suppress(OSError):  # a full disk: the build goes on without its note
                self._file.write("".join(f"{one}\n" for one in new).encode())

    def forget(self) -> None:
        """Nothing of it has to be removed any more."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)


@contextmanager
def noted(whose: str) -> Iterator[BuildNote]:
    """The note of a build that begins, of `whose` owner and engine. What is not forgotten by its
    end is among those `left`."""
    path = FOLDER / f"{whose}-{uuid.uuid4().hex[:12]}"
    file = _begun(path)
    try:
        yield BuildNote(file, path)
    finally:
        if file is not None:
            file.close()


def _begun(path: Path) -> FileIO | None:
    """The file, locked. None where there can be none, as in a checkout that this user may only
    read, or on a file system without locks: then a build that is killed leaves what it made."""
    file = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = FileIO(path, "x")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hand_over()
    except OSError:
        if file is not None:
            file.close()
            path.unlink(missing_ok=True)
        return None
    return file


def left(whose: str) -> Iterator[BuildNote]:
    """The notes of the builds that go on no more."""
    for path in sorted(FOLDER.glob(f"{whose}-*")):
        with suppress(FileNotFoundError, BlockingIOError), FileIO(path, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield BuildNote(file, path, ID.findall(file.readall().decode("ascii", "replace")))
