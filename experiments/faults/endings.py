"""The ways in which a trial can end: what a server does by itself, and what befalls containers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from contract.void_causes import BY_SERVER

MEMORY_BYTES: Final = 64 * 2**20
"""Limit of a server that is to run out of memory."""
WHENS: Final = ("at_once", "asked", "verified", "loaded", "left")
WHATS: Final = ("exit_3", "exit_0", "hang", "out_of_memory")
SURVIVED: Final = ""
"""`spoiled_by` of a trial that is valid: what befell it came too late, or did no harm."""
AFTERWARDS: Final = "left"
"""The load's connections end with its container: by then the trial has been measured."""
BEFALLS: Final = {
    ("server", "kill"): ("server_gone", SURVIVED),
    ("server", "stop"): ("server_gone", SURVIVED),
    ("server", "pause"): (*BY_SERVER, SURVIVED),
    ("load", "kill"): ("load", SURVIVED),
    ("load", "stop"): ("load", SURVIVED),
    ("load", "pause"): ("load", SURVIVED),
    ("probe", "kill"): ("probe", SURVIVED),
    ("probe", "pause"): ("probe", SURVIVED),
    ("pod", "kill"): ("surroundings", SURVIVED),
    ("master", "kill"): ("load", SURVIVED),
    ("master", "pause"): ("load", SURVIVED),
    ("master", "pause_12_s"): ("load", SURVIVED),
}
"""Actions on a container of each role, and who then may have spoiled the trial."""


@dataclass(frozen=True, slots=True)
class Ending:
    """One way. `spoiled_by` has what its row may say; one of `serves`, `role`, `interrupt` is set.

    `serves` is WHEN:WHAT of a faulty server; else `action` befalls a container of `role`, the
    server being somebody's or the lab's own; or the run is interrupted.
    """

    name: str
    spoiled_by: tuple[str, ...]
    serves: str = ""
    role: str = ""
    action: str = ""
    interrupt: bool = False

    @property
    def memory_bytes(self) -> int | None:
        """Limit of the server's memory."""
        return MEMORY_BYTES if self.serves.endswith("out_of_memory") else None


def endings() -> list[Ending]:
    """All ways, each once."""
    return [*_of_servers(), *_of_containers(), Ending("Ctrl-C", (SURVIVED,), interrupt=True)]


def _of_servers() -> Iterator[Ending]:
    for when, what in product(WHENS, WHATS):
        name = f"server: {what.replace('_', ' ')}, {when.replace('_', ' ')}"
        if when == AFTERWARDS:
            spoiled_by: tuple[str, ...] = (SURVIVED,)
        elif what == "out_of_memory":
            spoiled_by = ("server_limit",)
        elif what == "hang":  # in the window, what has no answer is a figure
            spoiled_by = (*BY_SERVER, SURVIVED) if when == "loaded" else BY_SERVER
        else:
            spoiled_by = ("server_gone",)
        yield Ending(name, spoiled_by, serves=f"{when}:{what}")


def _of_containers() -> Iterator[Ending]:
    for (role, action), spoiled_by in BEFALLS.items():
        name = f"{role}: {action.replace('_', ' ')}"
        yield Ending(name, spoiled_by, role=role, action=action)


def drawn(count: int, seed: int) -> Iterator[tuple[Ending, random.Random]]:
    """So many endings, and a source of chance for each; all come before one comes again.

    Equal for equal seeds, whatever is made of the chance.
    """
    order = random.Random(seed)  # noqa: S311 - to repeat a campaign
    left: list[Ending] = []
    for _ in range(count):
        if not left:
            left = endings()
            order.shuffle(left)
        yield left.pop(), random.Random(order.random())  # noqa: S311 - the same
