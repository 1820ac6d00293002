"""`response_p99_us < 5000`: a limit that a column of trials.csv has to keep."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from contract.columns import COLUMNS

SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FORM = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(\d[\d_]*(?:\.\d+)?(?:e\d+)?)\s*")
NUMBERS = tuple(column.name for column in COLUMNS if column.kind in ("int", "float"))


@dataclass(frozen=True, slots=True)
class Threshold:
    """One limit; `text` is as the experiment has it."""

    text: str
    column: str
    sign: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value keeps it; NaN keeps none."""
        return SIGNS[self.sign](value, self.limit)


def parse(
    text: str,
    known: Collection[str] = NUMBERS,
    otherwise: str = "no column of numbers in contract/columns/",
) -> Threshold:
    """ValueError says what is wrong with it; `otherwise` what a name is that is not `known`."""
    found = FORM.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not COLUMN < NUMBER (or <=, >, >=), as in response_p99_us < 5000"
        )
    column, sign, limit = found.groups()
    if column not in known:
        raise ValueError(f"{text!r}: {column} is {otherwise}")
    return Threshold(text, column, sign, float(limit))
