"""The verdict on a trial: what bounded it, or why it was not measured, and whose doing that is.

The thresholds stand here, each with its reason; those that analysis needs too, in the contract.
Every trial is kept and shown; a void one is in no figure.
"""

from __future__ import annotations

import math
from typing import Any

from contract.loads import OPEN_LOADS, WITHOUT_CLIENTS
from contract.outcomes import FOREIGN, GENERATOR_BUSY, STEAL, not_measured
from contract.reasons import NOBODY_SERVED
from contract.void_causes import EXCUSED_BY_A_DISTURBANCE, Blame
from experiments.records.offered import offered_per_s
from experiments.records.remarks import COVERED, MUCH_LOG_PER_S, log_rate, remarks

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
LAG_US = 1_000.0
"""A millisecond late is a tenth of the delays that open loops are asked about, and ten times
what the engine needs when nothing disturbs it."""
KEPT = 0.95
"""A server that answers less than was asked of it is at its limit, whatever its processor says."""
HUNG = 0.5
"""Share of the requests that can be under way in a closed loop. A server that keeps so many
waiting, for longer than it took before, is the bound, whatever its processor says."""
OF_THE_LOAD = "out_of_"
"""In the kind of an error of a client that had no port, descriptor or memory left: it never
asked."""
LATE, LATE_S = 0.05, 0.2
"""Share of a window: what the probe sees of a longer time has as much too much, or too little. It
was seen 18 ms late on a quiet machine and 45 ms on a crowded one; an answer that was lost costs a
second."""
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
    told = "; ".join(filter(None, (held_up, *remarks(row))))
    return {"validity": validity, "reason": told, "spoiled_by": ""}


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
    """How far apart the load workers' windows were, or may be from what the probe saw, in words, if
    that spoils the trial."""
    skew_s = (row.get("window_skew_us") or 0.0) / 1e6
    bound_s = (row.get("clock_bound_us") or 0.0) / 1e6
    if skew_s + bound_s <= SKEW * row["window_s"]:
        return ""
    if bound_s > skew_s:
        return (
            f"the clocks of server and load are known to {bound_s * 1e3:,.1f} ms only; a longer "
            "window or a nearer host may help"
        )
    return (
        f"the load workers opened or closed their windows {skew_s * 1e3:,.1f} ms apart; "
        "a longer window or fewer load workers may help"
    )


def late(row: Row) -> str:
    """Where the probe looked so far from the window that its shares are of another time, in words.
    Each question is asked again after a second without an answer."""
    late_s = (row.get("probe_late_us") or 0.0) / 1e6
    if late_s <= max(LATE * row["window_s"], LATE_S):
        return ""
    return (
        f"the probe looked {late_s * 1e3:,.0f} ms from an edge of the window: its question or "
        "answer was lost, or it had no processor"
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
    if reason := late(row):
        return reason, "probe"
    if "wrong_answer" in row["error_kinds"]:
        wrong = f"; the first: {row['first_wrong']}" if row.get("first_wrong") else ""
        return (
            f"the server answered wrongly in the window: {row['error_kinds']}{wrong}"
        ), "server_wrong"
    if OF_THE_LOAD in row["error_kinds"] and not _lost_by_server(row):
        return f"the load had no ports, descriptors or memory left: {row['error_kinds']}", "load"
    if not row["requests"]:
        if row["load"] in OPEN_LOADS and not (row["errors"] or row["unanswered"]):
            return "no request was due in the window; a longer one or a higher rate helps", "load"
        return NOBODY_SERVED, "server_starved"
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
            f" (or have the server print less: its own log, {log_rate(row)}, is copied by the "
            "engine, and what that takes is among them)"
        )
    return (
        f" (its own log, {log_rate(row)}, took the engine {row['log_cpu_share']:.1f} cores, "
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
