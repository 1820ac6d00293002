"""The texts of ticks, in a form that can be sent to another process.

A figure that is sent takes the name of these functions with it, and whoever reads it imports
their module: so it is a small one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.ticker import FuncFormatter

from analysis.wording import TIMES, duration


@dataclass(frozen=True, slots=True)
class TickTexts:
    """The texts of an axis's ticks, by a function of their values."""

    text: Callable[[float], str]

    def __call__(self, value: float, _position: int | None = None) -> str:
        return self.text(value)


def tick_texts(text: Callable[[float], str]) -> FuncFormatter:
    """Formats ticks by a function of the value, which has to be one of a module's own."""
    return FuncFormatter(TickTexts(text))


def whole(value: float) -> str:
    """A tick's number: 10,000."""
    return f"{value:,.0f}"


def times(value: float) -> str:
    """A tick's ratio: 0.5x, 1.25x."""
    return f"{value:.3g}{TIMES}"


def plain(value: float) -> str:
    """A tick's number: 20k, 1M, 500, 0.5."""
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    if value >= 1e4:
        return f"{value / 1e3:g}k"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def percent(value: float) -> str:
    """A tick's share: 25%."""
    return f"{value * 100:.0f}%"


def seconds(value: float) -> str:
    """A tick's duration, of seconds: 10 ms, 1 s."""
    return duration(value * 1e6)
