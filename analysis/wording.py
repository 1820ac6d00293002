"""Numbers and names as people read them, the same in text, tables and figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeGuard

from contract.origins import REFERENCE_SERVERS

MISSING, TIMES = "\u2013", "\u00d7"
SYMBOLS = {"reproduced": "✓", "refuted": "✗", "inconclusive": "?", "not run": "○"}
"""A sign for each verdict."""
MOST_NAMED = 6
WHOLE = ("connections", "connections off", "threads")
SIZES = (("GB", 2**30), ("MB", 2**20), ("KB", 2**10))
NAMES = {"epoll_level": "epoll (level)", "thread_per_connection": "thread per connection"}


def server_name(server: str) -> str:
    """A server as text: `epoll_level` is 'epoll (level)', `nginx` is 'nginx (reference)'."""
    name = NAMES.get(server, server.replace("_", " "))
    return f"{name} (reference)" if server in REFERENCE_SERVERS else name


def known(value: float | None) -> TypeGuard[float]:
    """Whether a value is a finite number: not None, NaN, infinite or pandas' NA."""
    try:
        return math.isfinite(value)  # type: ignore[arg-type]  # None and NA raise TypeError
    except TypeError:
        return False


def number(value: float | None, digits: int = 3) -> str:
    """A number with `digits` significant digits, thousands separated; whole above 100."""
    if not known(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) >= 1000 and float(value).is_integer() and digits > 3:
        return f"{value:,.0f}"
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, digits - 1 - magnitude)
    if rounded:
        magnitude = math.floor(math.log10(abs(rounded)))
    if abs(rounded) < 1e-4:
        return f"{rounded:.{digits - 1}g}"
    decimals = max(0, digits - 1 - magnitude)
    if float(rounded).is_integer() and abs(rounded) >= 1 and float(value).is_integer():
        decimals = 0
    return f"{rounded:,.{decimals}f}"


def at_least(written: str) -> str:
    """The text of a figure that is a lower bound; a missing figure is none."""
    return written if written == MISSING else f"≥ {written}"


def at_most(written: str) -> str:
    """The text of a figure that is an upper bound; a missing figure is none."""
    return written if written == MISSING else f"≤ {written}"


def count(value: float | None) -> str:
    """A whole number, exactly, thousands separated."""
    return MISSING if not known(value) else f"{round(value):,}"


def duration(us: float | None) -> str:
    """Microseconds in the unit that fits: us, ms or s."""
    if not known(us):
        return MISSING
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if abs(us) >= size:
            return f"{number(us / size)} {unit}"
    return f"{number(us)} µs"


def size(amount: float | None) -> str:
    """Bytes in the unit that fits, by powers of 1,024, as operating systems count."""
    if not known(amount):
        return MISSING
    for unit, scale in SIZES:
        if abs(amount) >= scale:
            return f"{number(amount / scale)} {unit}"
    return f"{number(amount)} B"


def share(value: float | None) -> str:
    """A share in percent."""
    if not known(value):
        return MISSING
    return f"{number(value * 100, 2)}%"


def with_unit(value: float | None, unit: str) -> str:
    """A verdict's figure with its unit; a ratio gets a multiplication sign."""
    if not known(value):
        return MISSING
    if unit in WHOLE:
        return f"{count(value)} {unit}"
    if unit == "x":
        return f"{number(value)}{TIMES}"
    return f"{number(value)} {unit}".strip()


def interval(low: float | None, high: float | None, unit: str) -> str:
    """'low to high' as `unit` is written, without the unit; '' without an interval."""
    return ends(low, high, count if unit in WHOLE else number)


def ends(
    low: float | None, high: float | None, write: Callable[[float | None], str] = number
) -> str:
    """'low to high'; '' without an interval, or where all repeats gave the same value."""
    if not known(low) or not known(high) or low == high:
        return ""
    return f"{write(low)} to {write(high)}"


def with_ends(
    text: str,
    low: float | None,
    high: float | None,
    write: Callable[[float | None], str] = number,
) -> str:
    """A figure's text with its interval, if it has one: '1.15 (1.12 to 1.18)'."""
    between = ends(low, high, write)
    return f"{text} ({between})" if between else text


def listed(items: Sequence[str], word: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def named(items: Sequence[str]) -> str:
    """The same of the first MOST_NAMED; the rest is counted."""
    if len(items) <= MOST_NAMED:
        return listed(items)
    return f"{', '.join(items[:MOST_NAMED])} and {len(items) - MOST_NAMED:,} more"


def plural(amount: int, noun: str) -> str:
    """'1 trial', '3 trials'."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def column_writer(name: str) -> Callable[[float | None], str]:
    """How to write the numbers of a column, by the unit at the end of its name."""
    if name == "backlog":
        return lambda value: count(value) if known(value) else "its own"
    if name.endswith(("_us", "_us_per_request")):
        return duration
    if name.endswith("_bytes"):
        return size
    if name.endswith("_share"):
        return share
    return number if name.endswith(("_per_s", "_s", "_ratio")) else count
