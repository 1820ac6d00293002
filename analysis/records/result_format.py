"""What analysis reads of a trial's `result.json`, and of which kind each of it is.

The load and the probe write more, which stays where it is: only what a figure or a claim
rests on is checked, so that a hand-edited file is named and no picture stumbles over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Part(BaseModel):
    """Numbers are numbers; keys that nobody here reads are passed over."""

    model_config = ConfigDict(strict=True)


class Window(Part):
    """The window: its opening by the monotonic clock, its length, its encoded histograms."""

    started_ns: NonNegativeInt
    window_s: NonNegativeFloat
    histograms: dict[str, str]


class Second(Part):
    """A second of the window, from its opening; durations are absent where nothing answered."""

    from_s: NonNegativeFloat
    to_s: NonNegativeFloat
    requests: NonNegativeInt
    response_p50_us: NonNegativeFloat | None
    response_p99_us: NonNegativeFloat | None
    response_max_us: NonNegativeFloat | None
    histogram: str | None = None


class Sample(Part):
    """A look at the server's side, with the kernel's counters since its namespace began."""

    label: str
    at_ns: NonNegativeInt | None = None
    listen_overflows: NonNegativeInt
    listen_drops: NonNegativeInt
    retransmits: NonNegativeInt


class Result(Part):
    """A trial; a void one may have no window."""

    window: Window | None = None
    phases_s: dict[str, NonNegativeFloat] | None = None
    series: list[Second] | None = None
    samples: list[Sample] | None = None


def fault(found: Mapping[str, object]) -> str:
    """Where `found` is no result of a trial, and why; empty if it is one."""
    try:
        Result.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    return ""
