"""The metrics that a comparison looks at, and the words for their changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """A column of `trials.csv` to compare.

    `more` and `less` say what a larger and a smaller figure is; `worse` says which
    of the two is the worse. A metric that `gates` has to be known well enough: a
    comparison that could not see a regression in it does not pass.
    """

    name: str
    title: str
    more: str
    less: str
    more_is_worse: bool = True
    gates: bool = False

    def word(self, ratio: float) -> str:
        """What a figure is that is `ratio` times what it was."""
        return self.more if ratio > 1 else self.less

    def worsening(self, ratio: float) -> float:
        """By what share it got worse; below zero it got better."""
        return ratio - 1 if self.more_is_worse else 1 - ratio


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("requests_per_s", "requests per second", "faster", "slower", False, gates=True),
        Metric("server_cpu_us_per_request", "CPU per request", "dearer", "cheaper", gates=True),
        Metric("response_p50_us", "response time, median", "slower", "faster"),
        Metric("response_p99_us", "response time, p99", "slower", "faster"),
        Metric("response_p999_us", "response time, p99.9", "slower", "faster"),
        Metric("connect_p50_us", "time to connect, median", "slower", "faster"),
        Metric("connect_p99_us", "time to connect, p99", "slower", "faster"),
        Metric("server_rss_bytes", "resident memory", "larger", "smaller", gates=True),
    )
}

COUNTED: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("failed_share", "trials that the server failed", "more", "fewer", gates=True),
        Metric("error_share", "errors, of all attempts", "more", "fewer", gates=True),
        Metric("unanswered_share", "requests without an answer", "more", "fewer", gates=True),
    )
}
"""What failed, as shares: compared by `analysis.compare.failures` wherever there is anything,
however few metrics were asked for, for what is left of a failure looks well."""
FIGURES = METRICS | COUNTED
