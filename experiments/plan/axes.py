"""Settings in part, and lists of their values: what an experiment file says of them.

Both are made from `Settings`, so that a setting is described once: `PartialSettings` has each of
them or none, `Axes` a list of values for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, create_model

from experiments.plan.settings import Settings
from experiments.plan.strict import Strict

MAX = "max"
"""In an axis of those in SCALED: as many as the machine lets them be."""
SCALED = {"idle_connections": 0, "active_connections": 1}
"""What is scaled to the machine, and cut first, with the least that it may be."""


def _or_max(kind: Any) -> Any:
    """A number, or `max`; told apart before, so that a fault is told once and not for both."""
    either = Annotated[kind, Tag("number")] | Annotated[Literal["max"], Tag(MAX)]
    return Annotated[either, Discriminator(lambda value: MAX if value == MAX else "number")]


def _values(name: str, kind: Any) -> Any:
    """The type of an axis."""
    kind = _or_max(kind) if name in SCALED else kind
    return Annotated[list[kind], Field(min_length=1)] | None


def _each(wrap: Any) -> dict[str, Any]:
    """The fields of `Settings`, with `wrap(name, type)` for the type of each, None by default."""
    fields: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        kind = (
            Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        )
        fields[name] = (wrap(name, kind), Field(None, description=field.description))
    return fields


if TYPE_CHECKING:

    class PartialSettings(Strict):
        """Some settings, the others left to the level above."""

    class Axes(Strict):
        """Settings with a list of values each; their product is the sweep."""

else:
    PartialSettings = create_model(
        "PartialSettings",
        __base__=Strict,
        __doc__="Some settings, the others left to the level above.",
        **_each(lambda _, kind: kind | None),
    )
    Axes = create_model(
        "Axes",
        __base__=Strict,
        __doc__="Settings with a list of values each; their product is the sweep.",
        **_each(_values),
    )
