"""The trials of two servers that are compared: which belong together, and stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Final, Protocol, TypeVar

from contract.settings.server_flags import ServerFlags
from contract.settings.setting import declared
from contract.settings.trial import Settings
from experiments.plan.foreign_server import Foreign

OWN: Final = frozenset(("backlog", "warm_up_s", *declared(ServerFlags)))
"""Settings that a server of somebody else's has its own of, which is like any value."""


class HasSettings(Protocol):
    """A point of a plan."""

    @property
    def settings(self) -> Settings: ...

    @property
    def foreign(self) -> Foreign | None: ...


P = TypeVar("P", bound=HasSettings)


def paired(points: Iterable[P], a: str, b: str) -> list[tuple[P, P]]:
    """The points of the servers `a` and `b` that have the same settings, in the order of those of
    `a`. One of somebody else's server may be in several pairs, where the other takes settings of
    ours."""
    mine = [one for one in points if one.settings.server in (a, b)]
    return [
        (one, other)
        for one in mine
        if one.settings.server == a
        for other in mine
        if other.settings.server == b and _alike(one, other)
    ]


def side_by_side(shuffled: Sequence[P], pairs: Sequence[tuple[P, P]]) -> list[P]:
    """The points with those of a pair one after the other: what the machine does meanwhile, it does
    to both. Which of them comes first is by chance, as it is in `shuffled`."""
    placed: list[P] = []
    for point in shuffled:
        if point in placed:
            continue
        beside = {id(other) for pair in pairs if point in pair for other in pair}
        partners = [one for one in shuffled if id(one) in beside and one not in placed]
        placed += [point, *(one for one in partners if one is not point)]
    return placed


def _alike(one: HasSettings, other: HasSettings) -> bool:
    for name in (field.name for field in fields(Settings) if field.name != "server"):
        mine, theirs = getattr(one.settings, name), getattr(other.settings, name)
        its_own = (mine is None and one.foreign) or (theirs is None and other.foreign)
        if mine != theirs and not (its_own and name in OWN):
            return False
    return True
