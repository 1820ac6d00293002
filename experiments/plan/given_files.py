"""Files that an experiment gives to containers: below its own folder, and copied for each run.

A run reads its copies alone, in its own folder: they do not change while it goes on, `resume` finds
them, and whatever user a container has may read them.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from contract.exits import Exit, LabError

KEPT: Final = "files"
"""In a run's folder."""
MOST_BYTES: Final = 64 * 2**20
"""Most bytes of one entry's files: each run has a copy of them."""


def fault_of(folder: Path, source: str) -> str:
    """Why this file or folder cannot be given; empty if it can."""
    path, top = folder / source, folder.resolve()
    try:
        there = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return f"there is no {path}"
    if Path(source).is_absolute() or not there.is_relative_to(top) or there == top:
        return f"{source!r} leads to {there}, and only what is below {top} can be given"
    size = 0
    for one in _all_in(there):
        if one.is_symlink() and not one.resolve().is_relative_to(there):
            return f"{one.relative_to(top)} leads out of {source!r}, to {one.resolve()}"
        if not one.is_symlink() and not one.is_dir() and not one.is_file():
            return f"{one.relative_to(top)} is neither a file nor a folder"
        size += one.lstat().st_size
    if size > MOST_BYTES:
        return f"{source!r} has more than {MOST_BYTES // 2**20} MiB; put it into the image"
    return ""


def keep(folder: Path, sources: Iterable[str], run: Path) -> None:
    """Copy these below a run's folder, readable for all. Raises LabError."""
    for source in sources:
        at = run / KEPT / source
        try:
            at.parent.mkdir(parents=True, exist_ok=True)
            if (folder / source).is_dir():
                shutil.copytree(folder / source, at, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy(folder / source, at)
            for one in _all_in(at):
                if not one.is_symlink():
                    one.chmod(0o755 if one.is_dir() else 0o644 | one.stat().st_mode & 0o111)
        except (OSError, shutil.Error) as error:
            raise LabError(
                f"cannot copy {folder / source} to {at}: {error}", Exit.NOT_READY
            ) from error


def tree_hash(path: Path) -> str:
    """Hash of a file, or of all in a folder with their names, in hex."""
    digest = hashlib.sha256()
    for one in sorted(_all_in(path)):
        name = str(one.relative_to(path))
        if one.is_symlink():
            content = str(one.readlink()).encode()
        else:
            content = one.read_bytes() if one.is_file() else b""
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _all_in(path: Path) -> Iterator[Path]:
    """Itself and what is below it; links are not followed."""
    yield path
    if path.is_dir() and not path.is_symlink():
        for below in path.iterdir():
            yield from _all_in(below)
