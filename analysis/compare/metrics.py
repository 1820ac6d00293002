"""The metrics that a comparison looks at, and the words for their changes."""

from __future__ import annotations

from dataclasses import dataclass

CHANGED, CANNOT_TELL, WITHIN_NOISE = "changed", "cannot tell", "within noise"
"""The verdict on a figure of two runs."""
UNHELD = "unheld_share"
"""Share of the connections (descriptors, without clients) asked of a server which reached a
limit that it did not hold."""
RESENT = "resent_share"
"""Share of the requests sent that met the end of a connection which was to stay."""


@dataclass(frozen=True, slots=True)
class ComparedMetric:
    """A column of `trials.csv`, or a share of what failed, in which runs are compared.

    `more` and `less` are the words for a larger and a smaller figure. A metric that `gates` has
    to be known well enough: a comparison that could not show a regression in it does not pass.
    """

    name: str
    title: str
    more: str
    less: str
    more_is_worse: bool = True
    gates: bool = False

    def word(self, ratio: float) -> str:
        """The word for a figure that is `ratio` times the base's."""
        return self.more if ratio > 1 else self.less

    def worsening(self, ratio: float) -> float:
        """By what share it got worse; below zero if it got better."""
        return ratio - 1 if self.more_is_worse else 1 - ratio


def _by_name(*metrics: ComparedMetric) -> dict[str, ComparedMetric]:
    return {metric.name: metric for metric in metrics}


METRICS = _by_name(
    ComparedMetric("requests_per_s", "requests per second", "faster", "slower", False, gates=True),
    ComparedMetric("server_cpu_us_per_request", "CPU per request", "dearer", "cheaper", gates=True),
    ComparedMetric("response_p50_us", "response time, median", "slower", "faster"),
    ComparedMetric("response_p99_us", "response time, p99", "slower", "faster"),
    ComparedMetric("response_p999_us", "response time, p99.9", "slower", "faster"),
    ComparedMetric("connect_p50_us", "time to connect, median", "slower", "faster"),
    ComparedMetric("connect_p99_us", "time to connect, p99", "slower", "faster"),
    ComparedMetric("server_rss_bytes", "resident memory", "larger", "smaller", gates=True),
)
FAILURES = _by_name(
    ComparedMetric("failed_share", "trials that the server failed", "more", "fewer", gates=True),
    ComparedMetric("error_share", "errors, of attempts", "more", "fewer", gates=True),
    ComparedMetric("unanswered_share", "requests without an answer", "more", "fewer", gates=True),
    ComparedMetric(RESENT, "requests sent again", "more", "fewer", gates=True),
    ComparedMetric(UNHELD, "connections beyond a limit", "more", "fewer", gates=True),
)
"""Shares of what failed: compared by `analysis.compare.failures` whichever metrics are chosen,
because the figures of the trials that are left look well."""
ALL_METRICS = METRICS | FAILURES
