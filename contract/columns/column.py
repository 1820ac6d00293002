"""One column of `trials.csv`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from contract.settings.setting import Kind

LARGEST_WHOLE = 2**53
"""Beyond it a float, which every reader of a CSV may use, does not hold each whole number."""

MOST_CORES = 8_192
"""That a Linux kernel knows. A share of processor time goes beyond 1 where several processes, or
a burst of a quota, had more than was granted for a moment; beyond this it was not measured."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `required` ones are filled in every row, void ones included. A run that was
    recorded before a column was `added` has none, and is read as if each cell were the `default`;
    None is an empty one. Numbers are finite, and from `minimum` to `maximum`; those of kind `int`
    are whole, and at most LARGEST_WHOLE."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    added: bool = False
    default: str | float | bool | None = None
    minimum: float = 0
    maximum: float | None = None

    @property
    def is_number(self) -> bool:
        return self.kind in ("int", "float")

    @property
    def largest(self) -> float:
        """The largest number that it may hold."""
        if self.maximum is not None:
            return self.maximum
        return LARGEST_WHOLE if self.kind == "int" else sys.float_info.max
