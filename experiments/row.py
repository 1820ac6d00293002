"""From what a trial left to its row in trials.csv. Pure arithmetic on recorded values."""

from __future__ import annotations

import json
from typing import Any

from experiments import alone
from experiments.plan import Trial
from experiments.record import NAMES
from experiments.server_log import events
from experiments.trial import Outcome
from experiments.validity import judge
from experiments.worker_columns import worker_columns

Sample = dict[str, Any]
NS = 1e9
INSIDE = ("second", "close")
SWITCHES = ("context_switches", "voluntary_switches")
FEWEST_CALLS = 0.001
"""Per request; fewer are not named."""


def make_row(experiment: str, run: str, started_at: str, trial: Trial, outcome: Outcome) -> Sample:
    """Every column of the record format, by name; None where nothing was measured."""
    settings = trial.point.settings
    row: Sample = {
        "experiment": experiment,
        "run": run,
        "trial": trial.id,
        "point": trial.point.name,
        "sweep": trial.point.sweep,
        "block": trial.block,
        "position": trial.position,
        "origin": trial.point.foreign.origin if trial.point.foreign else "lab",
        "repeat": trial.repeat,
        "started_at": started_at,
        "server_limit": server_limits(outcome.logs.get("server", "")),
        "outcome": "failed",
        **settings.recorded,
    }
    row["reason"] = _reason(outcome)
    result = outcome.result or {}
    if settings.without_clients:
        return _alone(row, result, outcome.elapsed_s)
    window = result.get("window")
    row |= _gates(result)
    company = result.get("company") or {}
    row["company"] = " ".join(f"{name}={count}" for name, count in company.items())
    if window is None:
        return {**row, "validity": "void", "reason": row["reason"] or "no window was measured"}
    row["outcome"] = "completed"
    row["overhead_s"] = round(outcome.elapsed_s - settings.warm_up_s - window["window_s"], 3)
    row |= _load(window, settings.active_connections, settings.pipeline_depth)
    samples = {sample["label"]: sample for sample in result["samples"]}
    if "close" in samples and "open" in samples:
        cores = min(settings.server_cpu_quota or 1.0, 1.0)
        row |= _server(window, samples, result["environment"], cores)
        row["accept_queue_max"] = _deepest(result["samples"])
        row |= _kernel(samples) | worker_columns(samples, outcome.logs.get("server", ""))
        if settings.traced:
            row |= _calls(window, samples)
            row["reason"] = row["reason"] or _untraced(samples["close"])
    elif not row["reason"]:
        row["reason"] = "the probe's samples of the window are missing"
    row["validity"], row["reason"] = judge(row)
    return row


def _alone(row: Sample, result: Sample, elapsed_s: float) -> Sample:
    """Of a trial without clients."""
    row = row | alone.figures(result)
    if row["outcome"] == "failed":
        return {**row, "validity": "void", "reason": row["reason"] or "nothing was measured"}
    row["overhead_s"] = round(elapsed_s - row["warm_up_s"] - row["window_s"], 3)
    row["validity"], row["reason"] = judge(row)
    return row


def server_limits(log: str) -> str:
    """Limits that the server named in its log, as `NAME: message`."""
    named: dict[str, str] = {}
    for event in events(log):
        # A foreign server's log says what it likes.
        if event.get("event") == "limit" and {"limit", "message"} <= event.keys():
            named[str(event["limit"])] = str(event["message"])
    return "; ".join(f"{name}: {message}" for name, message in named.items())


def _reason(outcome: Outcome) -> str:
    reasons = [outcome.reason]
    if outcome.result:
        reasons.append(outcome.result["reason"])
    if outcome.server_ending:
        last = outcome.logs.get("server", "").strip().splitlines()[-1:]
        reasons.append(f"the server ended with {outcome.server_ending} {' '.join(last)}")
    return "; ".join(reason for reason in reasons if reason)


def _gates(result: dict[str, Any]) -> Sample:
    gauges = result.get("gauges") or {}
    gate = [sample for sample in result.get("samples", []) if sample["label"] == "gate"]
    return {
        "active_established": gauges.get("active_established"),
        "idle_established": gauges.get("idle_established"),
        "server_established": gate[-1].get("server_established") if gate else None,
        "idle_connect_s": result.get("phases_s", {}).get("connect_idle"),
    }


def _load(window: dict[str, Any], active: int, depth: int) -> Sample:
    seconds = window["window_s"]
    errors = window["errors"]
    rate, failed = window["requests"] / seconds, sum(errors.values())
    tried = window["requests"] + failed
    times = {key: value for key, value in window.items() if key.endswith("_us") and key in NAMES}
    segments = window["segments_in"]
    return {
        **times,
        "window_s": round(seconds, 6),
        "requests": window["requests"],
        "errors": failed,
        "error_share": failed / tried if tried else None,
        "error_kinds": " ".join(f"{kind}={count}" for kind, count in sorted(errors.items())),
        "requests_per_s": rate,
        "connects": window["connects"],
        "connects_per_s": window["connects"] / seconds,
        "generator_cpu_share": window["cpu_share"],
        "window_skew_us": window["skew_us"],
        "generator_busy_share": _busy(window, seconds),
        "segments_out_per_response": (
            segments / window["requests"] if segments is not None and window["requests"] else None
        ),
        **_unanswered(window),
        "kinds": _kinds(window),
        "coverage": window["covered"] / active,
        "lower_bounds": " ".join(name for name in window["lower_bounds"] if name in NAMES),
        "littles_law_ratio": _under_way(window, active * depth),
    }


def _under_way(window: dict[str, Any], most: int) -> float | None:
    """How many requests were, on average and of so many: those without an answer for their age."""
    mean = window.get("response_mean_us")
    known = window["requests"] + window.get("response_censored", 0)
    return known * mean / 1e6 / window["window_s"] / most if mean else None


def _busy(window: dict[str, Any], seconds: float) -> float | None:
    """Of an open loop's engine, which waits with open eyes; None for a closed loop."""
    rested = window.get("rested_ns")
    return None if rested is None else max(0.0, 1 - rested / NS / seconds)


def _unanswered(window: dict[str, Any]) -> Sample:
    """The longest queue is of an open loop alone."""
    late = window.get("unanswered")
    if not late:
        return {
            "unanswered": window.get("response_censored"),
            "oldest_unanswered_us": window.get("response_oldest_us"),
        }
    return {
        "unanswered": late["count"],
        "oldest_unanswered_us": late["oldest_us"],
        "most_waiting": late["most_waiting"],
    }


def _kinds(window: dict[str, Any]) -> str | None:
    """The kinds of a mix; None where all requests were alike."""
    found = {
        name.partition(" ")[2]: {
            "requests": window.get(f"{name}_count", 0),
            "p50_us": window.get(f"{name}_p50_us"),
            "p99_us": window.get(f"{name}_p99_us"),
        }
        for name in window.get("histograms", {})
        if name.startswith("response ")
    }
    return json.dumps(found) if found else None


def _server(
    window: dict[str, Any],
    samples: dict[str, Sample],
    machine: dict[str, Any],
    cores: float,
) -> Sample:
    """The load stops at the freeze, a moment before the last sample: busy time ends there."""
    before, after = samples["open"], samples["close"]
    start = samples.get("start", before)
    busy_s = (min(window["ended_ns"], after["at_ns"]) - before["at_ns"]) / NS
    wall_s = (after["at_ns"] - before["at_ns"]) / NS
    cpu_s = (after["cpu_ns"] - before["cpu_ns"]) / NS
    rate = window["requests"] / window["window_s"]
    tick_s = 1 / machine["clock_ticks"]
    steal_s = (after["steal_ticks"] - before["steal_ticks"]) * tick_s
    idle_s = (after["idle_ticks"] - before["idle_ticks"]) * tick_s
    busy_machine_s = wall_s * len(after["measured_cores"]) - idle_s - steal_s
    return {
        "server_cpu_us_per_request": cpu_s * 1e6 / (rate * busy_s) if rate else None,
        "server_cpu_share": cpu_s / busy_s / cores,
        "load_cores": len(after["measured_cores"]) - 1,
        "server_rss_bytes": after["rss_bytes"],
        "server_rss_idle_bytes": start["rss_bytes"],
        "server_threads": after["threads"],
        "server_processes": after["processes"],
        "server_fds": after["fds"],
        **{name: _grown(before[name], after[name]) for name in SWITCHES},
        "kernel_socket_bytes": after["kernel_socket_bytes"],
        **_full_queue(samples),
        "listen_overflows": after["listen_overflows"] - start["listen_overflows"],
        "listen_drops": after["listen_drops"] - start["listen_drops"],
        "retransmits": after["retransmits"] - before["retransmits"],
        "resets": after["resets"] - before["resets"],
        "steal_share": steal_s / wall_s / len(after["measured_cores"]),
        "foreign_cpu_share": max(0.0, (busy_machine_s - cpu_s - window["cpu_ns"] / NS) / wall_s),
    }


def _grown(before: int | None, after: int | None) -> int | None:
    """A sum over threads alive: unknown where too many, or where some of them ended."""
    return None if before is None or after is None or after < before else after - before


def _full_queue(samples: dict[str, Sample]) -> Sample:
    """What the piling up of silent connections showed; nothing under keep-alive."""
    if "full" not in samples:
        return {}
    empty, full = samples["empty"], samples["full"]
    return {
        "full_queue_depth": full["accept_queue"],
        "full_queue_overflows": full["listen_overflows"] - empty["listen_overflows"],
        "full_queue_drops": full["listen_drops"] - empty["listen_drops"],
        "full_queue_resets": full["resets"],
        "late_ack_resets": samples["late"]["resets"] if "late" in samples else None,
    }


def _deepest(samples: list[Sample]) -> int:
    """Of the accept queue in the window: each sample has the deepest since the one before."""
    return max(int(one["accept_queue_max"]) for one in samples if one["label"] in INSIDE)


def _kernel(samples: dict[str, Sample]) -> Sample:
    """Before any load, and with all connections established; there is no gate without such."""
    at_gate = samples.get("gate")
    return {
        "kernel_slab_idle_bytes": samples["start"]["kernel_slab_bytes"],
        "kernel_slab_bytes": at_gate["kernel_slab_bytes"] if at_gate else None,
    }


def _calls(window: dict[str, Any], samples: dict[str, Sample]) -> Sample:
    """System calls per request, of the requests that were answered between the samples."""
    before, after = samples["open"], samples["close"]
    seconds = (min(window["ended_ns"], after["at_ns"]) - before["at_ns"]) / NS
    requests = window["requests"] / window["window_s"] * seconds
    counted: dict[str, int] = after.get("syscalls", {})
    if not requests or not counted:
        return {}
    per_request = {
        name: round(count / requests, 4)
        for name, count in sorted(counted.items(), key=lambda one: -one[1])
        if count / requests > FEWEST_CALLS
    }
    return {
        "syscalls_per_request": sum(counted.values()) / requests,
        "syscalls": json.dumps(per_request),
    }


def _untraced(close: Sample) -> str:
    if "syscalls" not in close:
        return "no trace of the server's system calls was found"
    return "" if close["trace_is_whole"] else "the trace filled its file; choose a shorter window"
