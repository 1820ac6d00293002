"""The verdict on a trial: what bounded it, or why it was not measured, and whose doing that is.

The thresholds stand here, each with its reason; those that analysis needs too, in the contract.
Every trial is kept and shown; a void one is in no figure.
"""

from __future__ import annotations

import math
from typing import Any

from contract.loads import OPEN_LOADS, WITHOUT_CLIENTS
from contract.outcomes import FOREIGN, STEAL, not_measured
from contract.settings.trial import MOST_WARM_UP_S
from contract.void_causes import EXCUSED_BY_A_DISTURBANCE, Blame
from experiments.records import rate_trend
from experiments.records.offered import offered_per_s

BUSY = 0.9
"""A core used for nine tenths is the bound: the rest goes to interrupts and the scheduler."""
QUOTA_BUSY = 0.8
"""A quota cannot be used whole: what is granted for 2 ms, and not used by a server that waited for
a moment, is lost. Beside generators that rested half of the time servers were seen at 0.84 to
0.99."""
LITTLE = 0.05
"""Requests under way = throughput x mean time, to 5%, or requests were lost or times are wrong.
Responses that began before the window or end after it move the ratio by up to the
longest one over the window: that much is allowed, or long tails alone would be voided."""
COVERED = 0.99
"""Nearly every keep-alive connection must be served, or the rate is that of a favoured few."""
LAG_US = 1_000.0
"""A millisecond late is a tenth of the delays that open loops are asked about, and ten times
what the engine needs when nothing disturbs it."""
GENERATOR_BUSY = 0.6
"""Share of the window with work to do. With a rate beyond it, an engine that had 0.7 of a core
was seen at 0.74 to 0.76, at an easy rate at 0.43, and behind a sleeping server at 0.34."""
KEPT = 0.95
"""A server that answers less than was asked of it is at its limit, whatever its processor says."""
HUNG = 0.5
"""Share of the requests that can be under way in a closed loop. A server that keeps so many
waiting, for longer than it took before, is the bound, whatever its processor says."""
OF_THE_LOAD = "out_of_"
"""In the kind of an error of a client that had no port or descriptor left: it never asked."""
LOGGED = 0.1
"""Cores that the engine spends on a server's own log, from which it is worth a word."""
MUCH_LOG_PER_S = 10_000
"""Bytes: 150 lines of 65. A line that the engine reads by itself was seen to cost it 0.1 ms."""
SKEW = 0.01
"""What some load workers counted while others did not yet, or no longer, belongs to no rate."""

Row = dict[str, Any]


def judge(row: Row, not_as_asked: str = "") -> Row:
    """`validity`, `reason` and `spoiled_by` of a row whose figures are filled in; the reason of a
    measured one says what held the generator up, if anything did, and what else is to be known of
    it.

    `not_as_asked` says what the engine did not give server or load, as pins.py found it.
    """
    reason, cause = _not_measured(row, not_as_asked)
    if cause:
        return {"reason": reason, **not_measured(cause)}
    validity, held_up = _bound(row)
    about = (_closes(row), _unanswered(row), _failed(row), _favoured(row))
    told = "; ".join(filter(None, (held_up, *about, *_unsteady(row), _logged(row), _wrote(row))))
    return {"validity": validity, "reason": told, "spoiled_by": ""}


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
        f"its own log, {_log_rate(row)}, took the engine {row['log_cpu_share']:.1f} cores: it is "
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


def _log_rate(row: Row) -> str:
    mb_per_s = row["log_bytes_per_s"] / 1e6
    return f"{mb_per_s:,.0f} MB/s" if mb_per_s >= 1 else f"{mb_per_s:.2g} MB/s"


def _bound(row: Row) -> tuple[str, str]:
    """What bounded a trial that was measured."""
    if row["load"] in WITHOUT_CLIENTS:
        return "server_bound", ""  # nothing ever rests
    server, generator = row["server_cpu_share"], row["generator_cpu_share"]
    if row.get("rate_per_s"):
        return _open_loop(row)
    if server >= BUSY and server >= generator:
        return "server_bound", ""
    if generator >= BUSY:
        return "generator_bound", ""
    if row.get("server_cpu_quota") and server >= QUOTA_BUSY:
        return "server_bound", ""
    if (row["unanswered"] or 0) >= HUNG * row["active_connections"] * row["pipeline_depth"]:
        return "server_bound", ""
    return "unsaturated", ""


def _open_loop(row: Row) -> tuple[str, str]:
    """An engine that waits with open eyes uses its core whatever it does: its lag tells."""
    lag = row.get("lag_p99_us") or 0.0
    if lag > LAG_US:
        return "generator_bound", (
            f"requests left up to {lag:,.0f} us late though a connection was free; "
            "lower the rate, or give the load more cores"
        )
    offered = offered_per_s(row)
    answered = row["requests_per_s"] / offered
    # A Poisson schedule has more or fewer arrivals by chance: three sigma of their number.
    chance = 3 / math.sqrt(offered * row["window_s"])
    enough = KEPT - (chance if row["arrivals"] == "poisson" else 0.0)
    if row["server_cpu_share"] >= BUSY:
        return "server_bound", ""
    if answered < enough and (row.get("generator_busy_share") or 0.0) >= GENERATOR_BUSY:
        return "generator_bound", (
            f"only {answered:.0%} of the rate was kept while the server had time left; "
            "lower the rate, or give the load more cores"
        )
    if answered < enough:
        return "server_bound", ""
    return "unsaturated", ""


def skewed(row: Row) -> str:
    """How far apart the load workers' windows were, in words, if that spoils the trial."""
    skew_s = (row.get("window_skew_us") or 0.0) / 1e6
    if skew_s <= SKEW * row["window_s"]:
        return ""
    return (
        f"the load workers opened or closed their windows {skew_s * 1e3:,.1f} ms apart; "
        "a longer window or fewer load workers may help"
    )


def _not_measured(row: Row, not_as_asked: str) -> tuple[str, Blame]:
    """Why it was not measured, and by whose doing; both empty if it was."""
    reason, by = _as_seen(row)
    disturbance = not_as_asked or _disturbed(row) or _held_up(row)
    if not reason:
        return disturbance, "surroundings" if disturbance else ""
    if disturbance and by in EXCUSED_BY_A_DISTURBANCE:
        return f"{reason}; {disturbance}", "surroundings"
    return reason, by


def _as_seen(row: Row) -> tuple[str, Blame]:
    """What the trial itself shows."""
    if reason := row["reason"]:
        return str(reason), row["spoiled_by"]
    if reason := skewed(row):
        return reason, "load"
    if "wrong_answer" in row["error_kinds"]:
        wrong = f"; the first: {row['first_wrong']}" if row.get("first_wrong") else ""
        return (
            f"the server answered wrongly in the window: {row['error_kinds']}{wrong}"
        ), "server_wrong"
    if OF_THE_LOAD in row["error_kinds"] and not _lost_by_server(row):
        return f"the load had no ports or descriptors left: {row['error_kinds']}", "load"
    if not row["requests"]:
        if row["load"] in OPEN_LOADS and not (row["errors"] or row["unanswered"]):
            return "no request was due in the window; a longer one or a higher rate helps", "load"
        return "no response came in the window", "server_starved"
    return _keep_alive(row) if row["load"] == "keep_alive" else ("", "")


def _lost_by_server(row: Row) -> bool:
    """Whether it ended connections that were to stay, so that new ones had to be opened."""
    kinds = row["error_kinds"].split()
    return row["load"] == "keep_alive" and any(OF_THE_LOAD not in kind for kind in kinds)


def _keep_alive(row: Row) -> tuple[str, Blame]:
    if row["errors"]:
        return f"errors in the window: {row['error_kinds']}", "server_wrong"
    ratio = row["littles_law_ratio"]
    edges = row["response_max_us"] / 1e6 / row["window_s"]
    if abs(ratio - 1) > LITTLE + edges:
        return (
            f"Little's law is off: throughput x mean time is {ratio:.2f} times the "
            "connections; a longer window may help"
        ), "load"
    if row["coverage"] < COVERED and not row["traced"]:  # it is too slow to come to all
        return (
            f"only {row['coverage']:.1%} of the active connections got a response "
            "in the window: the rate is theirs alone"
        ), "server_starved"
    return "", ""


def _disturbed(row: Row) -> str:
    """What else had the processors; unknown where the probe's samples are missing."""
    if (row.get("steal_share") or 0.0) > STEAL:
        return f"the hypervisor took {row['steal_share']:.0%} of the processors"
    if (row.get("foreign_cpu_share") or 0.0) > FOREIGN:
        return (
            f"other programs used {row['foreign_cpu_share']:.1f} cores in the window; "
            f"stop them and run again{_beside_log(row)}"
        )
    return ""


def _beside_log(row: Row) -> str:
    """What of the others' processor time may be, or is not, the server's own doing."""
    if (row.get("log_bytes_per_s") or 0.0) < MUCH_LOG_PER_S:
        return ""
    if row.get("log_cpu_share") is None:
        return (
            f" (or have the server print less: its own log, {_log_rate(row)}, is copied by the "
            "engine, and what that takes is among them)"
        )
    return (
        f" (its own log, {_log_rate(row)}, took the engine {row['log_cpu_share']:.1f} cores, "
        "which are not among them)"
    )


def _held_up(row: Row) -> str:
    """Without clients nothing ever rests."""
    if row["load"] not in WITHOUT_CLIENTS or row["server_cpu_share"] >= BUSY:
        return ""
    return (
        f"the benchmark never rests, and yet had only {row['server_cpu_share']:.0%} of its core: "
        "something else ran there"
    )
