"""What an engine counted in a window, as its part of a trial's result."""

from __future__ import annotations

from hdrh.histogram import HdrHistogram

from contract.result.distribution import PERCENTILES, Distribution, Times
from contract.result.window import Window
from loadgen.engine.censoring import joined, lower_bounds, overdue, without
from loadgen.engine.measures import WindowCounts
from loadgen.engine.recorder import (
    Counts,
    counts_of,
    mean_us,
    ranks,
    stddev_us,
    to_histogram,
)


def summarise(counts: WindowCounts, *, apart: bool = False) -> Window:
    """Counts, percentiles in us, histograms losslessly encoded. `apart`: as one of a load's
    workers, whose pending ones are overdue if whoever has all of them says so."""
    pending = counts.pending if apart else {}
    seconds = (counts.ended_ns - counts.started_ns) / 1e9
    return Window(
        started_ns=counts.started_ns,
        ended_ns=counts.ended_ns,
        window_s=seconds,
        skew_us=0.0,
        cpu_ns=counts.cpu_ns,
        cpu_share=counts.cpu_ns / 1e9 / seconds if seconds else 0.0,
        process_cpu_ns=counts.process_cpu_ns,
        rss_bytes=counts.rss_bytes,
        requests=counts.requests,
        connects=counts.connects,
        errors=counts.errors,
        covered=counts.covered,
        segments_in=counts.segments_in,
        longest_pause_us=counts.longest_pause_us,
        rested_ns=counts.rested_ns,
        unanswered=counts.unanswered,
        reconnects=counts.ends.reconnects,
        resent=counts.ends.resent,
        requests_per_connection={
            str(answered): count for answered, count in sorted(counts.ends.answered.items())
        },
        pending=pending or None,
        distributions={
            name: distribution(
                ended, {} if name in pending else counts.censored.get(name, {}), seconds
            )
            for name, ended in counts.histograms.items()
        },
    )


def distribution(ended: Counts, ages: Counts, window_s: float) -> Distribution:
    """Times of what ended in a window of this length, with the ages of some that had not."""
    times = joined(ended, ages)
    moments = (mean_us(times), stddev_us(times)) if times else None
    return describe(
        to_histogram(times), to_histogram(ages) if ages else None, moments, window_s=window_s
    )


def describe(
    histogram: HdrHistogram,
    ages: HdrHistogram | None,
    moments: tuple[float, float] | None,
    *,
    window_s: float,
) -> Distribution:
    """A distribution of a window: `moments` are its exact mean and standard deviation in us, None
    where nothing was recorded; `ages` are those in it that had not ended.
    """
    if moments is None:
        return Distribution(histogram=encode(histogram))
    mean, deviation = moments
    unended = ages.get_total_count() if ages else 0
    return Distribution(
        histogram=encode(histogram),
        times=Times(**percentiles(histogram), mean_us=mean, stddev_us=deviation),
        count=histogram.get_total_count() - unended,
        censored=unended,
        ages=encode(ages) if ages else None,
        oldest_us=float(ages.get_max_value()) if ages else None,
        lower_bounds=_lower_bounds(histogram, ages, window_s) if ages else (),
    )


def _lower_bounds(histogram: HdrHistogram, ages: HdrHistogram, window_s: float) -> tuple[str, ...]:
    """Which figures what had not ended may have kept low."""
    times, unended = counts_of(histogram), counts_of(ages)
    late = overdue(without(times, unended), unended, window_s * 1e6)
    flags = lower_bounds(times, late, list(PERCENTILES.values()))
    low = [f"{label}_us" for label, is_low in zip(PERCENTILES, flags, strict=True) if is_low]
    return (*low, *(("mean_us", "stddev_us") if late else ()))


def percentiles(histogram: HdrHistogram) -> dict[str, float]:
    """Each in us, by names such as `p50_us`."""
    return {
        f"{label}_us": float(at_percentile(histogram, percentile))
        for label, percentile in PERCENTILES.items()
    }


def at_percentile(histogram: HdrHistogram, percentile: float) -> int:
    """The shortest duration in us that at least this percentage did not exceed; 0 of none.

    The library rounds to the nearest rank, and so may leave out the one request of sixty that was
    slow: its percentage is asked for here of the rank that has it.
    """
    total = histogram.get_total_count()
    (rank,) = ranks(total, [percentile])
    return int(histogram.get_value_at_percentile(100 * rank / total)) if total else 0


def encode(histogram: HdrHistogram) -> str:
    """HdrHistogram's V2 form, compressed, in base64: lossless, and any of its tools reads it."""
    return str(histogram.encode().decode())


def decode(text: str) -> HdrHistogram:
    """What `encode` wrote."""
    return HdrHistogram.decode(text)
