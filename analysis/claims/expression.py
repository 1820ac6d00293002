"""Figures of a trial by an expression over the columns of trials.csv.

`requests_per_s`, or `(kernel_slab_bytes - kernel_slab_idle_bytes) / idle_connections`: numbers,
columns, + - * / and brackets. Columns that hold more than a number have functions:

- `item(kinds, '/', 'p99_us')`: a value of a JSON object, by its keys; `or_zero(...)`: 0 without it
- `largest(worker_accepts)`, `smallest(...)`, `total(...)`: of a JSON list
- `counted(error_kinds, 'reset')`: of words such as `reset=3`, 0 without it
- `names(server_limit, 'FD_SETSIZE')`: 1 if the text holds the words, 0 if not

An empty cell of words counts none and names none: a trial in which nothing happened is one of
them, and must not drop out.
"""

from __future__ import annotations

import ast
import json
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from contract.columns import COLUMNS

KINDS = {column.name: column.kind for column in COLUMNS}
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
NAN = float("nan")
OF_WORDS = ("counted", "names")
"""Functions of columns that are empty where there was nothing to tell."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; `text` is as the claim has it."""

    text: str
    body: ast.expr

    @property
    def columns(self) -> list[str]:
        """The columns that it reads."""
        names = (node.id for node in ast.walk(self.body) if isinstance(node, ast.Name))
        return [name for name in dict.fromkeys(names) if name not in FUNCTIONS]

    def of(self, trials: pd.DataFrame) -> pd.Series[float]:
        """The figure of each trial, NaN where it was not measured; division by 0 is NaN too."""
        found = _value(self.body, trials)
        values = found if isinstance(found, pd.Series) else pd.Series(found, index=trials.index)
        return values.astype("float64").replace([np.inf, -np.inf], np.nan)


@cache
def parse(text: str) -> Expression:
    """ValueError says what of `text` is no expression over columns."""
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no expression: {error.msg}") from None
    faults = list(_faults(body))
    if faults:
        raise ValueError(f"{text!r}: {'; '.join(faults)}")
    return Expression(text, body)


def _faults(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=int() | float()):
            pass
        case ast.Name(id=name):
            if KINDS.get(name) not in ("int", "float"):
                yield f"{name} is no column of numbers"
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            yield from _faults(inner)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            yield from _faults(left)
            yield from _faults(right)
        case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=column), *keys], keywords=[]):
            yield from _call_faults(name, column, keys)
        case _:
            yield f"{ast.unparse(node)} is neither a number, a column nor + - * /"


def _call_faults(function: str, column: str, keys: list[ast.expr]) -> Iterator[str]:
    if function not in FUNCTIONS:
        yield f"there is no function {function}; there are {', '.join(FUNCTIONS)}"
    elif len(keys) not in FUNCTIONS[function][1]:
        wanted = " or ".join(map(str, FUNCTIONS[function][1]))
        yield f"{function} takes a column and {wanted} names"
    if KINDS.get(column) != "text":
        yield f"{column} is no column of text"
    if not all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys):
        yield f"what {function} looks for stands in quotes"


def _value(node: ast.expr, trials: pd.DataFrame) -> Any:
    match node:
        case ast.Constant(value=number):
            return number
        case ast.Name(id=name):
            values = trials[name].to_numpy(dtype="float64", na_value=NAN)
            return pd.Series(values, index=trials.index)
        case ast.UnaryOp(operand=inner):
            return -_value(inner, trials)
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, trials), _value(right, trials))
        case ast.Call(func=ast.Name(id=function), args=[ast.Name(id=column), *keys]):
            words = [key.value for key in keys if isinstance(key, ast.Constant)]
            read = FUNCTIONS[function][0]
            empty = 0.0 if function in OF_WORDS else NAN
            found = [empty if pd.isna(cell) else read(str(cell), *words) for cell in trials[column]]
            return pd.Series(found, index=trials.index, dtype="float64")
    raise AssertionError(ast.unparse(node))  # parse() lets nothing else through


def _item(cell: str, *keys: Any) -> float:
    found: Any = json.loads(cell)
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            return NAN
        found = found[key]
    return NAN if found is None else float(found)


def _or_zero(cell: str, *keys: Any) -> float:
    found = _item(cell, *keys)
    return 0.0 if np.isnan(found) else found


def _numbers(cell: str) -> list[float]:
    return [float(value) for value in json.loads(cell)]


def _largest(cell: str) -> float:
    return max(_numbers(cell), default=NAN)


def _smallest(cell: str) -> float:
    return min(_numbers(cell), default=NAN)


def _total(cell: str) -> float:
    return float(sum(_numbers(cell)))


def _counted(cell: str, *words: Any) -> float:
    pairs = (word.partition("=") for word in cell.split())
    return float(sum(int(count) for kind, _, count in pairs if kind == words[0]))


def _names(cell: str, *words: Any) -> float:
    return float(words[0] in cell)


FUNCTIONS: dict[str, tuple[Callable[..., float], range]] = {
    "item": (_item, range(1, 4)),
    "or_zero": (_or_zero, range(1, 4)),
    "largest": (_largest, range(1)),
    "smallest": (_smallest, range(1)),
    "total": (_total, range(1)),
    "counted": (_counted, range(1, 2)),
    "names": (_names, range(1, 2)),
}
"""The reader of a cell, and how many words it takes beside the column."""
