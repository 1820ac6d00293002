"""Settings in part, and lists of their values: what an experiment file says of them.

Both are made from what contract/settings/ declares: `PartialSettings` has each setting or none,
`Axes` a list of values for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema, create_model

from contract.settings.setting import Setting, declared
from contract.settings.trial import Settings
from experiments.plan.strict import Strict

MAX = "max"
"""In an axis of those in SCALED: as many as the machine lets them be."""
SCALED = {"idle_connections": 0, "active_connections": 1}
"""What is scaled to the machine, and cut first, with the least that it may be."""
TYPES = {"text": str, "int": int, "float": float, "flag": bool}


def value_type(one: Setting) -> Any:
    """The type of a setting's value, with all that is checked of it."""
    kind: Any = TYPES[one.kind]
    if one.choices:
        kind = Literal[one.choices]
    elif one.is_number:
        span: dict[str, Any] = {"gt" if one.above else "ge": one.low, "le": one.high}
        kind = Annotated[kind, Field(**span)]
    elif one.reader:
        schema = WithJsonSchema({"pattern": one.pattern, "type": "string"})
        kind = Annotated[kind, AfterValidator(_read_by(one.reader)), schema]
    elif one.pattern:
        kind = Annotated[kind, Field(pattern=one.pattern)]
    if one.word:
        return _or_word(kind, one.word)
    return kind | None if one.optional else kind


def without_words(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a file gives them, with None in the place of the word for it."""
    known = declared(Settings)
    return {
        name: None if known[name].word and value == known[name].word else value
        for name, value in given.items()
    }


def _read_by(reader: Any) -> Any:
    """A validator that keeps a text which can be read."""

    def validate(text: str) -> str:
        reader(text)
        return text

    return validate


def _or_word(kind: Any, word: str) -> Any:
    """A number, or a word; told apart before, so that a fault is told once and not for both."""
    said: Any = Literal[word]
    either = Annotated[kind, Tag("number")] | Annotated[said, Tag(word)]
    return Annotated[either, Discriminator(lambda value: word if value == word else "number")]


def _values(one: Setting) -> Any:
    """The type of an axis."""
    return _list_of(_or_word(value_type(one), MAX) if one.name in SCALED else value_type(one))


def _list_of(kind: Any) -> Any:
    return Annotated[list[kind], Field(min_length=1)] | None


def model(name: str, description: str, settings: dict[str, Setting], wrap: Any) -> type[Strict]:
    """A model with a field per setting, of the type `wrap(setting)`, None by default."""
    fields: dict[str, Any] = {
        key: (wrap(one), Field(None, description=one.help)) for key, one in settings.items()
    }
    return create_model(name, __base__=Strict, __doc__=description, **fields)


if TYPE_CHECKING:

    class PartialSettings(Strict):
        """Some settings, the others left to the level above."""

    class Axes(Strict):
        """Settings with a list of values each; their product is the sweep."""

else:
    PartialSettings = model(
        "PartialSettings",
        "Some settings, the others left to the level above.",
        declared(Settings),
        lambda one: value_type(one) | None,
    )
    Axes = model(
        "Axes",
        "Settings with a list of values each; their product is the sweep.",
        declared(Settings),
        _values,
    )
