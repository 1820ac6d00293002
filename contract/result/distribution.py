"""The durations of one kind in a window: a lossless histogram, and the usual figures of it.

What had not ended as the window closed is right-censored: its ages stand among the durations, are
counted apart, and `lower_bounds` names the figures that they may have kept low.

In a document the figures of all distributions of a window stand side by side, as `NAME_p50_us`, and
the encoded histograms by name below `histograms`, those of the ages below `censored`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from contract.result.document import item

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}
"""By label, ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Figures of a distribution, in us; mean and standard deviation are exact."""

    p50_us: float
    p90_us: float
    p99_us: float
    p999_us: float
    max_us: float
    mean_us: float
    stddev_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Histograms are HdrHistogram's V2 form, compressed, in base64, in us."""

    histogram: str
    """The ages of what had not ended among the durations."""
    times: Times | None = None
    """None where nothing was recorded."""
    count: int = 0
    """Durations that ended."""
    censored: int = 0
    """Those that had not."""
    ages: str | None = None
    """Histogram of those alone; None where there are none."""
    oldest_us: float | None = None
    lower_bounds: tuple[str, ...] = ()
    """Names of those of the times that could well be greater."""


TIMES = tuple(one.name for one in fields(Times))


def figures(distributions: Mapping[str, Distribution]) -> dict[str, float]:
    """All times of all distributions, by names such as `response_p50_us`."""
    return {
        f"{name}_{figure}": getattr(one.times, figure)
        for name, one in distributions.items()
        if one.times
        for figure in TIMES
    }


def lower_bounds(distributions: Mapping[str, Distribution]) -> list[str]:
    """Names of all figures that are lower bounds, such as `response_p99_us`."""
    return [f"{name}_{low}" for name, one in distributions.items() for low in one.lower_bounds]


def distributions_to_json(distributions: Mapping[str, Distribution]) -> dict[str, Any]:
    """The keys of a window that tell of its distributions."""
    document: dict[str, Any] = {
        "histograms": {name: one.histogram for name, one in distributions.items()},
        "censored": {name: one.ages for name, one in distributions.items() if one.ages is not None},
        "lower_bounds": lower_bounds(distributions),
        **figures(distributions),
    }
    for name, one in distributions.items():
        if one.times:
            document |= {f"{name}_count": one.count, f"{name}_censored": one.censored}
        if one.oldest_us is not None:
            document[f"{name}_oldest_us"] = one.oldest_us
    return document


def distributions_from_json(document: Mapping[str, Any]) -> dict[str, Distribution]:
    """The distributions of a window; runs recorded before had no ages. Raises DocumentError."""
    ages = item(dict[str, str], document, "censored", {})
    low = item(tuple[str, ...], document, "lower_bounds", ())
    return {
        name: Distribution(
            histogram=histogram,
            times=_times(document, name),
            count=item(int, document, f"{name}_count", 0),
            censored=item(int, document, f"{name}_censored", 0),
            ages=ages.get(name),
            oldest_us=item(float, document, f"{name}_oldest_us", None),
            lower_bounds=tuple(figure for figure in TIMES if f"{name}_{figure}" in low),
        )
        for name, histogram in item(dict[str, str], document, "histograms").items()
    }


def _times(document: Mapping[str, Any], name: str) -> Times | None:
    if f"{name}_count" not in document:
        return None
    return Times(**{figure: item(float, document, f"{name}_{figure}") for figure in TIMES})
