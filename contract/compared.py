"""Two servers that a run compares: what its manifest says under `compare`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contract.exits import Exit, LabError

COMPARE: Final = "compare"
TOLERANCE: Final = 0.1
"""A worsening beyond it is a regression, where nobody says otherwise; a share."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Server `b` beside server `a`, which is the base. `pairs` are the points of `a` and of `b`, by
    name, that have the same settings."""

    a: str
    b: str
    tolerance: float
    pairs: tuple[tuple[str, str], ...]

    @property
    def question(self) -> str:
        """What is asked, by name."""
        return f"{self.b} beside {self.a}"


def parsed_share(text: str, option: str = "--tolerance") -> float:
    """'10%' or '0.1' as 0.1; LabError(BAD_INPUT) unless it is a share between 0 and 1."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise LabError(f"{option} {text}: expected a share such as 10% or 0.1", Exit.BAD_INPUT)
    return value
