"""Places of settings on an x axis: logarithmic, with room for zero at the left.

Even where powers of ten lie between two settings, a place says which value is meant, and the tick
below it says how much that is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.arrays import Floats
from analysis.charts.model import Axis
from analysis.wording import count


@dataclass(frozen=True, slots=True)
class Scale:
    """Zero stands at 0, the smallest positive value at 1, and ten times that at 2."""

    values: tuple[float, ...]

    @property
    def smallest(self) -> float:
        """The smallest positive value."""
        return next((value for value in self.values if value > 0), 1.0)

    def place(self, value: float) -> float:
        """The place of a value; one far below the smallest stands with zero, where that is."""
        if value <= 0:
            return 0.0
        place = math.log10(value / self.smallest) + 1
        return max(0.0, place) if self.values[0] <= 0 else place

    def places(self, values: ArrayLike) -> Floats:
        """The places of many values."""
        numbers = np.asarray(values, dtype="float64")
        return np.array([self.place(float(value)) for value in numbers])

    def axis(self, label: str) -> Axis:
        """The axis, with a tick at each value."""
        return Axis(label, ticks=tuple((self.place(one), count(one)) for one in self.values))


def scale_of(values: Iterable[float]) -> Scale:
    """The scale of the settings that were used."""
    return Scale(tuple(sorted({float(value) for value in values})))
