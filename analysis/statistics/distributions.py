"""Student's t and the binomial distribution, by scipy.

scipy is imported with the first question: it takes a tenth of a small report's time, and the
pictures that are drawn first ask none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def student(freedom: Floats | NDArray[np.integer] | int, below: float) -> Floats:
    """The value that Student's t with these degrees of freedom is below with a probability."""
    from scipy import special

    return np.asarray(special.stdtrit(freedom, below), dtype=np.float64)


def at_most(times: NDArray[np.int64] | int, draws: int, chance: float) -> Floats:
    """The probability of so many hits or fewer in independent draws of equal chance."""
    from scipy import special

    return np.asarray(special.bdtr(times, draws, chance), dtype=np.float64)
