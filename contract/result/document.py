"""Typed values as a document of plain data, and back: what json and Locust's messages carry.

Both directions follow the fields of the dataclasses. What is read is checked, and a fault names its
place: `window.requests: expected a whole number`. Numbers are finite, and 0 or more where they are
not declared as signed. Keys that nobody knows are passed over, and a missing one has its field's
default, or None where the field allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from contract.result.scalars import NAMES, SCALARS, DocumentError, Read

T = TypeVar("T")
OMITTED = MappingProxyType({"omitted": True})
"""Metadata of a field that is not in the document where it is None."""
PLAIN = frozenset((int, float, str, bool, NoneType))


def to_json(value: Any) -> Any:
    """A dataclass, and all in it, as plain data."""
    if isinstance(value, dict):
        if PLAIN.issuperset(map(type, value.values())):
            return value  # a histogram has thousands
        return {key: to_json(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(one) for one in value]
    if hasattr(value, "to_document"):
        return value.to_document()
    return fields_to_json(value) if is_dataclass(value) else value


def fields_to_json(value: Any, *but: str) -> dict[str, Any]:
    """The fields of a dataclass, without those named."""
    return {
        one.name: to_json(given)
        for one in fields(value)
        if one.name not in but
        and ((given := getattr(value, one.name)) is not None or one.metadata != OMITTED)
    }


def from_json(kind: type[T], data: object) -> T:
    """What `to_json` made of a value of this kind. Raises DocumentError."""
    of: Any = kind
    return cast(T, _reader(of)(data))


def fields_from_json(kind: type, data: object, *but: str) -> dict[str, Any]:
    """The fields of a dataclass by name, without those named. Raises DocumentError."""
    document = as_object(data)
    parts = (part for part in _parts(kind) if part.name not in but)
    return {part.name: part.of(document) for part in parts}


def item(kind: Any, data: Mapping[str, Any], key: str, absent: Any = MISSING) -> Any:
    """What a document has below a key, `absent` where it has none. Raises DocumentError."""
    return _Part(key, _reader(kind), absent).of(data)


def as_object(data: object) -> Mapping[str, Any]:
    """Raises DocumentError for data of another kind."""
    if not isinstance(data, dict):
        raise DocumentError("expected an object")
    return data


@dataclass(frozen=True, slots=True)
class _Part:
    """One key of a document, and how to read what is below it."""

    name: str
    read: Read
    absent: Any
    fresh: Callable[[], Any] | None = None

    def of(self, document: Mapping[str, Any]) -> Any:
        if self.name in document:
            try:
                return self.read(document[self.name])
            except DocumentError as error:
                raise error.below(self.name) from None
        if self.fresh is not None:
            return self.fresh()
        if self.absent is MISSING:
            raise DocumentError("missing", self.name)
        return self.absent


@cache
def _parts(kind: type) -> tuple[_Part, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_part(one, hints[one.name]) for one in fields(kind))


def _part(of: Field[Any], hint: Any) -> _Part:
    absent = None if of.default is MISSING and NoneType in get_args(hint) else of.default
    fresh = None if of.default_factory is MISSING else of.default_factory
    return _Part(of.name, _reader(hint), absent, fresh)


@cache
def _reader(kind: Any) -> Read:
    if is_dataclass(kind):
        return _dataclass(kind)
    arguments = get_args(kind)
    match get_origin(kind):
        case origin if origin in (UnionType, Union):
            return _any_of(arguments)
        case origin if origin is Literal:
            return _choice(arguments)
        case origin if origin is tuple:
            return _items(_reader(arguments[0]))
        case origin if origin is dict:
            return _entries(arguments[0], _reader(arguments[1]))
    return SCALARS[kind]


def _dataclass(kind: Any) -> Read:
    own: Read | None = getattr(kind, "from_document", None)
    return own or (lambda data: kind(**fields_from_json(kind, data)))


def _any_of(kinds: tuple[Any, ...]) -> Read:
    """None or one kind; or choices from several lists."""
    some = [one for one in kinds if one is not NoneType]
    if all(get_origin(one) is Literal for one in some):
        return _choice(tuple(word for one in some for word in get_args(one)))
    (kind,) = some
    read = _reader(kind)
    return lambda data: None if data is None else read(data)


def _choice(words: tuple[str, ...]) -> Read:
    def read(data: Any) -> Any:
        if data not in words:
            raise DocumentError(f"expected one of {', '.join(map(repr, words))}")
        return data

    return read


def _items(read: Read) -> Read:
    def read_all(data: Any) -> tuple[Any, ...]:
        if not isinstance(data, list | tuple):
            raise DocumentError("expected a list")
        found = []
        for place, one in enumerate(data):
            try:
                found.append(read(one))
            except DocumentError as error:
                raise error.below(str(place)) from None
        return tuple(found)

    return read_all


def _entries(key: type, read: Read) -> Read:
    def read_all(data: Any) -> dict[Any, Any]:
        if not isinstance(data, dict):
            raise DocumentError("expected an object")
        if not all(type(one) is key for one in data):
            raise DocumentError(f"expected keys that are {NAMES[key]}")
        found = {}
        for name, one in data.items():
            try:
                found[name] = read(one)
            except DocumentError as error:
                raise error.below(str(name)) from None
        return found

    return read_all
