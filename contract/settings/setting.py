"""How a setting is declared, and how what was declared is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_type_hints

Kind = Literal["text", "int", "float", "flag"]
Absent = TypeVar("Absent")
"""The type of a setting that is left out: None in a plan, Never in a server, which has its own."""
KINDS: dict[Any, Kind] = {str: "text", int: "int", float: "float", bool: "flag"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting. Its name, kind and default are those of the field that declares it; an
    `optional` one may be None. Units are in the names."""

    help: str
    name: str = ""
    kind: Kind = "text"
    default: Any = None
    optional: bool = False

    low: float | None = None
    high: float | None = None
    """The range of a number in an experiment file, both ends included."""
    above: bool = False
    """Whether it has to be above `low`."""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """What a text matches as a whole."""
    reader: Callable[[str], object] | None = None
    """Raises ValueError, with what is wrong, for a text that cannot be read."""

    form: str | None = None
    """The group of the load's form that it stands in; empty: a sweep alone sets it; None: the load
    does not take it."""
    several_lines: bool = False
    """Whether the form has room for more than one line of a text."""
    by_hand: Any = None
    """Its default in the form, where that is not `default`; for an optional one it stands for
    None. It may lie outside the range."""
    offered: tuple[str, ...] = ()
    """The choices of the form, where they are not all."""
    word: str = ""
    """What an experiment file says for None, where None is something to ask for."""
    own: Any = None
    """A server's default; it may lie below the range."""

    alone: bool = False
    """Whether it means something without clients."""
    identifies: bool = True
    """Whether points that differ in it alone are told apart, by name and in comparisons."""
    least: float | None = None
    """The least number in its column of trials.csv, where that is not `low`."""
    added: bool = False
    """Whether runs were recorded before there was such a column: so of every new setting. Their
    trials are taken to have had its default. Without it those runs can no longer be read."""

    @property
    def is_number(self) -> bool:
        return self.kind in ("int", "float")

    @property
    def first(self) -> Any:
        """The default by hand."""
        return self.default if self.by_hand is None else self.by_hand

    def span(self, default: Any) -> tuple[float, float]:
        """The range of a number for whoever has this default."""
        if self.low is None or self.high is None:
            raise ValueError(f"{self.name} is declared without a range")
        return min(self.low, default), self.high


def setting(default: Any, text: str, **more: Any) -> Any:
    """A field that declares a setting; `more` are attributes of Setting."""
    return field(default=default, metadata={"setting": Setting(help=text, **more)})


@cache
def declared(owner: type) -> dict[str, Setting]:
    """The settings that a dataclass declares or inherits, by name, in order."""
    hints = get_type_hints(owner)
    found: dict[str, Setting] = {}
    for one in fields(owner):
        if "setting" in one.metadata:
            hint = hints[one.name]
            kinds = [KINDS[kind] for kind in (hint, *get_args(hint)) if kind in KINDS]
            found[one.name] = replace(
                one.metadata["setting"],
                name=one.name,
                kind=kinds[0],
                default=None if one.default is MISSING else one.default,
                optional=hint not in KINDS,
            )
    return found
