"""What is to be known of a trial that was measured, beside what bounded it; none of it voids it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contract.settings.trial import MOST_WARM_UP_S
from experiments.records import rate_trend

COVERED = 0.99
"""Nearly every keep-alive connection must be served, or the rate is that of a favoured few."""
LOGGED = 0.1
"""Cores that the engine spends on a server's own log, from which it is worth a word."""
MUCH_LOG_PER_S = 10_000
"""Bytes: 150 lines of 65. A line that the engine reads by itself was seen to cost it 0.1 ms."""

Row = dict[str, Any]


def remarks(row: Row) -> Iterator[str]:
    """In words; empty ones for what there is nothing to say of."""
    yield from (_closes(row), _unanswered(row), _failed(row), _favoured(row))
    yield from (*_unsteady(row), _logged(row), _wrote(row))


def _unanswered(row: Row) -> str:
    """What of a trial's times is not known, as the window closed before."""
    if "response_" not in (row.get("lower_bounds") or ""):
        return ""
    oldest = f"{row['oldest_unanswered_us'] / 1e6:,.3f} s"
    if row["unanswered"] == 1:
        return (
            f"1 request had no answer as the window closed, for {oldest}: "
            "its age is among the response times"
        )
    return (
        f"{row['unanswered']:,} requests had no answer as the window closed, the oldest for "
        f"{oldest}: their ages are among the response times"
    )


def _closes(row: Row) -> str:
    """After how many requests the server ends a connection, if it ended any."""
    if not row.get("reconnects"):
        return ""
    low, high = row["connection_requests_min"], row["connection_requests_max"]
    if low == high:
        times = f"{low:,} {'request' if low == 1 else 'requests'}"
    else:
        times = f"{low:,} to {high:,} requests, median {row['connection_requests_p50']:,.10g}"
    again = f"; requests sent again: {row['resent']:,}" if row["resent"] else ""
    return f"the server closes a connection after {times}{again}"


def _failed(row: Row) -> str:
    if not row["errors"]:
        return ""
    return f"{row['error_share']:.1%} of the requests failed: {row['error_kinds']}"


def _favoured(row: Row) -> str:
    """Under a connection per request, whose clients wait for the end of each: some may have got
    their answers before the window, and no end. A trial need not be void for it, as clients whose
    SYN was dropped may well wait for longer than a window."""
    if row["load"] != "connection_per_request" or row["coverage"] >= COVERED:
        return ""
    return (
        f"only {row['coverage']:.1%} of the clients got a response in the window: "
        "the rate is theirs alone"
    )


def _unsteady(row: Row) -> tuple[str, str]:
    """A load of the server that is not the same all the time: what is measured is a mean."""
    auto, warmed_up_s = row.get("warm_up_s") is None, row.get("warmed_up_s") or 0.0
    never = auto and warmed_up_s >= MOST_WARM_UP_S
    return (
        f"the rate was not steady within {warmed_up_s:.0f} s of warm-up" if never else "",
        rate_trend.in_words(row.get("rate_trend"), row["window_s"]),
    )


def _logged(row: Row) -> str:
    """What the engine's copying of what the server printed in the window took, if it is worth a
    word; what it printed before may still be copied then, and is no hindrance of its own."""
    printed = (row.get("log_bytes_per_s") or 0.0) >= MUCH_LOG_PER_S
    if not printed or (row.get("log_cpu_share") or 0.0) < LOGGED:
        return ""
    return (
        f"its own log, {log_rate(row)}, took the engine {row['log_cpu_share']:.1f} cores: it is "
        "faster without"
    )


def _wrote(row: Row) -> str:
    """What a file system that is a program took, if it is worth a word."""
    if (row.get("files_cpu_share") or 0.0) < LOGGED:
        return ""
    return (
        "its files took the engine's file system, which is a program, "
        f"{row['files_cpu_share']:.1f} cores: it is faster with one in the kernel (overlay2), or "
        "with `writable` for a folder to which it writes"
    )


def log_rate(row: Row) -> str:
    """What the server printed in the window."""
    mb_per_s = row["log_bytes_per_s"] / 1e6
    return f"{mb_per_s:,.0f} MB/s" if mb_per_s >= 1 else f"{mb_per_s:.2g} MB/s"
