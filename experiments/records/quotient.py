"""Division of what was measured: by nothing, or by a time that ran back, there is no figure."""

from __future__ import annotations


def per(part: float | None, whole: float | None) -> float | None:
    """`part / whole`; None where one is unknown, or `whole` is not above 0."""
    if part is None or whole is None or not whole > 0:
        return None
    return part / whole


def at_least_0(value: float | None) -> float | None:
    """Clocks that tick every 10 ms leave a little less than nothing; NaN and None stay."""
    return 0.0 if value is not None and value < 0 else value
