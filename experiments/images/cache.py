"""The folder of what is fetched once. Root may have to make some of it; it is the user's after."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from experiments.paths import ROOT

CACHE_FOLDER: Final = ROOT / ".cache"
OWNED: Final = CACHE_FOLDER / "engines"
"""Roots of whole systems (tests/engines/), whose files have owners of their own."""


def hand_over(folder: Path = CACHE_FOLDER) -> None:
    """Root gives all in the cache, apt's own files too, to who has the checkout or called sudo;
    but not roots of systems, where a change of owners takes setuid bits away.
    """
    if os.geteuid() != 0:
        return
    user, group = _user_of(folder.parent)
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if os.path.join(place, name) != str(OWNED)]
        for path in (place, *(os.path.join(place, name) for name in files)):
            os.lchown(path, user, group)


def _user_of(checkout: Path) -> tuple[int, int]:
    """User and group ids: of the checkout, or of who called `sudo` where that is root's."""
    user, group = _ids(checkout)
    if user == 0 and "SUDO_UID" in os.environ:
        return int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"])
    return user, group


def _ids(path: Path) -> tuple[int, int]:
    there = path.stat()
    return there.st_uid, there.st_gid
