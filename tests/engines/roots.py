"""Roots of Debian releases, made once and kept in the cache."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.images import debootstrap
from experiments.images.cache import OWNED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOTS: Final = OWNED / "roots"


def ensure_root(suite: str, packages: Sequence[str], say: Callable[[str], None]) -> Path:
    """The root of a release with these packages; one with others is removed.

    Raises debootstrap.UnavailableError.
    """
    made_of = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:8]
    root = ROOTS / f"{suite}-{made_of}"
    if root.is_dir():
        return root
    ROOTS.mkdir(parents=True, exist_ok=True)
    for former in ROOTS.glob(f"{suite}-*"):
        shutil.rmtree(former)
    say(f"making a root of {suite} from Debian's packages (some minutes, once)")
    begun = tempfile.mkdtemp(prefix=f"{suite}-", dir=ROOTS)
    try:
        debootstrap.fill(begun, suite, packages)
        Path(begun).rename(root)
    except BaseException:
        shutil.rmtree(begun)
        raise
    return root
