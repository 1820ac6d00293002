"""The columns about the load's side: what a window counted, and the connections at its gate."""

from __future__ import annotations

import json
import statistics
from typing import Any

from contract.columns import NAMES
from contract.probe_question import CLOSE, GATE, OPEN
from contract.result.distribution import Distribution, figures, lower_bounds
from contract.result.trial_result import TrialResult
from contract.result.window import Window
from experiments.records.quotient import at_least_0, per

NS = 1e9


def gate_columns(result: TrialResult) -> dict[str, Any]:
    """What was established as the window opened, or as the load was given up, and how answers are
    checked from then on."""
    gauges, gate, checked = result.gauges, result.sample(GATE), result.checked
    after = result.aftermath
    return {
        "after_answered_s": after.answered_s if after else None,
        "after_fds": max(after.fds, 0) if after and after.fds is not None else None,
        "after_rss_bytes": after.rss_bytes if after else None,
        "answer_check": checked.check if checked else None,
        "answers_compared": checked.compared if checked else None,
        "first_wrong": checked.wrong if checked else None,
        "round_trip_us": result.round_trip_us,
        "clock_bound_us": result.clock_bound_us,
        "generator_rss_idle_bytes": result.rss_idle_bytes,
        "generator_rss_bytes": result.rss_held_bytes,
        "probe_late_us": _late_us(result),
        "active_established": gauges.active_established if gauges else None,
        "idle_established": gauges.idle_established if gauges else None,
        "server_established": gate.server_established if gate else None,
        "idle_connect_s": result.phases_s.get("connect_idle"),
        "company": " ".join(f"{name}={count}" for name, count in result.company.items()),
    }


def _late_us(result: TrialResult) -> float | None:
    """How late the probe's samples of the window were; None without any."""
    window, opened, closed = result.window, result.sample(OPEN), result.sample(CLOSE)
    if not (window and opened and closed):
        return None
    beside_ns = abs(opened.at_ns - window.started_ns), abs(closed.at_ns - window.ended_ns)
    return max(beside_ns) / 1_000


def load_columns(window: Window, active: int, depth: int) -> dict[str, Any]:
    """The columns of a load of `active` connections with `depth` requests under way on each."""
    seconds = window.window_s
    failed = sum(window.errors.values())
    times = {name: us for name, us in figures(window.distributions).items() if name in NAMES}
    low = [name for name in lower_bounds(window.distributions) if name in NAMES]
    return {
        **times,
        "longest_pause_us": window.longest_pause_us,
        "window_s": round(seconds, 6),
        "requests": window.requests,
        "errors": failed,
        "error_share": per(failed, window.requests + failed),
        "error_kinds": " ".join(f"{kind}={count}" for kind, count in sorted(window.errors.items())),
        "requests_per_s": per(window.requests, seconds),
        "connects": window.connects,
        "connects_per_s": per(window.connects, seconds),
        "reconnects": window.reconnects,
        "resent": window.resent,
        **_requests_per_connection(window),
        "generator_cpu_share": window.cpu_share,
        "window_skew_us": window.skew_us,
        "generator_busy_share": _busy(window),
        "segments_out_per_response": per(window.segments_in, window.requests),
        **_unanswered(window),
        "kinds": _kinds(window),
        "coverage": window.covered / active,
        "lower_bounds": " ".join(low),
        "littles_law_ratio": _under_way(window, active * depth),
    }


def _under_way(window: Window, most: int) -> float | None:
    """How many requests were, on average and of so many: those without an answer for their age."""
    response = window.distributions.get("response")
    if response is None or response.times is None or not response.times.mean_us:
        return None
    known = window.requests + response.censored
    return per(known * response.times.mean_us / 1e6, window.window_s * most)


def _busy(window: Window) -> float | None:
    """Busy share of an open loop's engine, which polls; None for a closed loop."""
    rested = per(window.rested_ns, NS * window.window_s)
    return None if rested is None else at_least_0(1 - rested)


def _unanswered(window: Window) -> dict[str, Any]:
    """The longest queue is of an open loop alone."""
    if late := window.unanswered:
        return {
            "unanswered": late.count,
            "oldest_unanswered_us": late.oldest_us,
            "most_waiting": late.most_waiting,
        }
    response = window.distributions.get("response")
    return {
        "unanswered": response.censored if response and response.times else None,
        "oldest_unanswered_us": response.oldest_us if response else None,
    }


def _requests_per_connection(window: Window) -> dict[str, Any]:
    """Requests on each connection that the server ended; nothing if it ended none."""
    each = sorted(
        int(answered)
        for answered, count in window.requests_per_connection.items()
        for _ in range(count)
    )
    if not each:
        return {}
    return {
        "connection_requests_p50": statistics.median(each),
        "connection_requests_min": each[0],
        "connection_requests_max": each[-1],
    }


def _kinds(window: Window) -> str | None:
    """The kinds of a mix; None where all requests were alike."""
    found = {
        name.removeprefix("response "): _kind(one)
        for name, one in window.distributions.items()
        if name.startswith("response ")
    }
    return json.dumps(found) if found else None


def _kind(distribution: Distribution) -> dict[str, Any]:
    """Without `lower_bounds` where none of its times is one."""
    times = distribution.times
    low = [name for name in ("p50_us", "p99_us") if name in distribution.lower_bounds]
    return {
        "requests": distribution.count,
        "p50_us": times.p50_us if times else None,
        "p99_us": times.p99_us if times else None,
        **({"lower_bounds": low} if low else {}),
    }
