"""Who made a container.

Everything the lab makes in the engine carries the owner and has a name that the
lab gave, so that a sweep after a killed run and `make clean` touch the lab's own
things and nothing else. A label alone tells nothing: an image inherits those of
the image that it is built from, a container those of its image, and anybody can
set any.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final

from experiments.hashes import short_hash
from experiments.machine.user import user
from experiments.paths import ROOT

MACHINE_ID: Final = Path("/etc/machine-id")

LABEL: Final = "c10k-lab"
LABEL_OWNER: Final = f"{LABEL}.owner"
LABEL_RUN: Final = f"{LABEL}.run"
LABEL_ROLE: Final = f"{LABEL}.role"
LABEL_NAME: Final = f"{LABEL}.name"
"""What the lab called it: what bears another name is not the lab's."""
ROLE_IMAGE: Final = "image"


def owner_id(checkout: Path = ROOT) -> str:
    """Twelve hex digits, the same for one user, host and checkout at all times."""
    try:
        host = MACHINE_ID.read_text(encoding="ascii").strip() or platform.node()
    except OSError:
        host = platform.node()
    return short_hash(user(), host, str(checkout.resolve()))


def project(owner: str) -> str:
    """The Compose project of `make ui`, which begins the names of all that it starts."""
    return f"{LABEL}-{owner}"


def labels(owner: str, role: str, run: str | None, name: str) -> dict[str, str]:
    """The labels of everything that the lab makes in the engine; an image has no run."""
    made = {LABEL: "1", LABEL_OWNER: owner, LABEL_ROLE: role, LABEL_NAME: name}
    if run:
        made[LABEL_RUN] = run
    return made
