"""The simple values of a document, and what is wrong with one: text, flag, number."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

SignedInt = Annotated[int, "may be below 0"]
SignedFloat = Annotated[float, "may be below 0"]
BEYOND = 2**64
"""No counter of a kernel goes as far, and arrays do not hold it."""
Read = Callable[[Any], Any]
"""Returns the value that it is given, or raises DocumentError."""


class DocumentError(ValueError):
    """What is wrong with a document, after its place there."""

    def __init__(self, fault: str, *path: str) -> None:
        super().__init__(f"{'.'.join(path)}: {fault}" if path else fault)
        self._fault = fault
        self._path = path

    def below(self, key: str) -> DocumentError:
        """The same fault, seen from one level above."""
        return DocumentError(self._fault, key, *self._path)


def _signed_whole(data: Any) -> Any:
    if type(data) is not int or abs(data) >= BEYOND:
        raise DocumentError("expected a whole number")
    return data


def _signed_number(data: Any) -> Any:
    if type(data) not in (int, float) or not abs(data) <= sys.float_info.max:
        raise DocumentError("expected a number")
    return data


def _not_below_0(read: Read) -> Read:
    def read_and_compare(data: Any) -> Any:
        if read(data) < 0:
            raise DocumentError("expected 0 or more")
        return data

    return read_and_compare


def _text(data: Any) -> Any:
    if not isinstance(data, str):
        raise DocumentError("expected a text")
    return data


def _flag(data: Any) -> Any:
    if not isinstance(data, bool):
        raise DocumentError("expected true or false")
    return data


NAMES = {str: "texts", int: "whole numbers"}
SCALARS: dict[Any, Read] = {
    int: _not_below_0(_signed_whole),
    float: _not_below_0(_signed_number),
    SignedInt: _signed_whole,
    SignedFloat: _signed_number,
    str: _text,
    bool: _flag,
    object: lambda data: data,
}
