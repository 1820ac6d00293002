"""What the hosts of a run are called, and which load worker is on which of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SERVER: Final = "server"
LOAD: Final = "load"


def loading(hosts: int) -> list[str]:
    """The names of so many that load: by numbers, if there are several."""
    return [LOAD] if hosts == 1 else [f"{LOAD} {number}" for number in range(1, hosts + 1)]


def in_words(name: str) -> str:
    """The host of this name."""
    return f"the {name}'s host" if name in (SERVER, LOAD) else name.replace(LOAD, "load host")


def dealt(cores: Sequence[int | None], workers: int) -> list[int]:
    """The place of the host of each load worker, where hosts have so many cores for them, None: any
    number. They come in turn, as long as one has a core left; without cores there are fewer."""
    left = [workers if one is None else one for one in cores]
    found: list[int] = []
    while len(found) < workers and any(left):
        turn = [place for place, free in enumerate(left) if free][: workers - len(found)]
        for place in turn:
            left[place] -= 1
        found += turn
    return found
