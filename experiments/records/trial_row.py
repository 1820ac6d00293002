"""From what a trial left to its row in trials.csv. Pure arithmetic on recorded values."""

from __future__ import annotations

import json
import math
from typing import Any

from contract.columns import NAMES
from contract.outcomes import BY_SERVER
from contract.settings.trial import Settings
from experiments.plan.trials import Trial
from experiments.records import pins
from experiments.records.quotient import at_least_0, per
from experiments.records.row_contract import kept, unknown
from experiments.records.server_log import events
from experiments.records.validity import judge
from experiments.records.worker_columns import worker_columns
from experiments.run import microbenchmark
from experiments.run.trial import Outcome

Sample = dict[str, Any]
NS = 1e9
INSIDE = ("second", "close")
SWITCHES = ("context_switches", "voluntary_switches")
FEWEST_CALLS = 0.001
"""Per request; fewer are not named."""


def make_row(experiment: str, run: str, started_at: str, trial: Trial, outcome: Outcome) -> Sample:
    """Every column of the record format, by name; None where nothing was measured.

    A fault of ours, which no trial should have met, costs the trial that meets it.
    """
    row = _planned(experiment, run, started_at, trial)
    try:
        return _measured(row, trial.point.settings, outcome)
    except Exception as error:
        reason = f"the lab made no row of what was measured: {error!r}"
        return row | {"validity": "void", "reason": reason, "spoiled_by": "lab"}


def _planned(experiment: str, run: str, started_at: str, trial: Trial) -> Sample:
    """What is known of a trial before anything is measured."""
    return {
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
        "outcome": "failed",
        **trial.point.settings.recorded,
    }


def _measured(row: Sample, settings: Settings, outcome: Outcome) -> Sample:
    """With all that the trial left."""
    row = row | {"server_limit": server_limits(outcome.logs.get("server", ""))}
    row["reason"], row["spoiled_by"] = _spoiled(outcome)
    result = outcome.result or {}
    if settings.without_clients:
        return _alone(row, result, outcome.elapsed_s, settings)
    window = result.get("window")
    row |= _gates(result)
    company = result.get("company") or {}
    row["company"] = " ".join(f"{name}={count}" for name, count in company.items())
    if window is None:
        _add_reason(row, "no window was measured", "load")
        return _blame(kept(row | {"validity": "void"}, settings.recorded), outcome)
    row["outcome"] = "completed"
    row["overhead_s"] = _overhead(outcome.elapsed_s, settings.warm_up_s, window["window_s"])
    row |= _load(window, settings.active_connections, settings.pipeline_depth)
    samples = {sample["label"]: sample for sample in result["samples"]}
    if "close" in samples and "open" in samples:
        cores = min(settings.server_cpu_quota or 1.0, 1.0)
        row |= _server(window, samples, result["environment"], cores)
        row["server_throttled_share"] = pins.throttled_share(samples)
        not_as_asked = pins.not_as_asked(result)
        row["accept_queue_max"] = _deepest(result["samples"])
        row |= _kernel(samples) | worker_columns(samples, outcome.logs.get("server", ""))
        if settings.traced:
            row |= _calls(window, samples)
            _add_reason(row, _untraced(samples["close"]), "probe")
    else:
        not_as_asked = ""
        _add_reason(row, "the probe's samples of the window are missing", "probe")
    return _blame(_judged(row, settings, not_as_asked), outcome)


def _add_reason(row: Sample, reason: str, spoiled_by: str) -> None:
    """The first reason stands."""
    if reason and not row["reason"]:
        row["reason"], row["spoiled_by"] = reason, spoiled_by


def _blame(row: Sample, outcome: Outcome) -> Sample:
    """A server that met a limit, or ended, takes the load and the probe along: what they saw of it
    is no fault of theirs, nor a wrong answer.
    """
    if row["validity"] != "void":
        return row
    if outcome.out_of_memory or (row["server_limit"] and row["spoiled_by"] in BY_SERVER):
        return row | {"spoiled_by": "server_limit"}
    return row | {"spoiled_by": "server_gone"} if outcome.server_ending else row


def _alone(row: Sample, result: Sample, elapsed_s: float, settings: Settings) -> Sample:
    """Of a trial without clients."""
    row = row | microbenchmark.figures(result)
    if row["outcome"] == "failed":
        _add_reason(row, "nothing was measured", "server_gone")
        by = "server_limit" if row["server_limit"] else row["spoiled_by"]
        return kept(row | {"validity": "void", "spoiled_by": by}, settings.recorded)
    row["overhead_s"] = _overhead(elapsed_s, row["warm_up_s"], row["window_s"])
    return _judged(row, settings, pins.alone_not_as_asked(result))


def _overhead(elapsed_s: float, warm_up_s: float, window_s: float) -> float | None:
    """No figure hangs on it: one that cannot be is unknown, and spoils no trial."""
    beside = round(elapsed_s - warm_up_s - window_s, 3)
    return beside if 0 <= beside < math.inf else None


def _judged(row: Sample, settings: Settings, not_as_asked: str) -> Sample:
    """With the verdict; there is none on figures that the record format cannot hold."""
    row = kept(row, settings.recorded)
    if row.get("validity") == "void":
        return row
    if not row["reason"] and (absent := unknown(row)):
        reason = f"no {' and no '.join(absent)} could be computed from what was measured"
        return row | {"validity": "void", "reason": reason, "spoiled_by": "lab"}
    return row | judge(row, not_as_asked)


def server_limits(log: str) -> str:
    """Limits that the server named in its log, as `NAME: message`."""
    named: dict[str, str] = {}
    for event in events(log):
        # A foreign server's log says what it likes.
        if event.get("event") == "limit" and {"limit", "message"} <= event.keys():
            named[str(event["limit"])] = str(event["message"])
    return "; ".join(f"{name}: {message}" for name, message in named.items())


def _spoiled(outcome: Outcome) -> tuple[str, str]:
    """All reasons that the trial left, and who the first of them says spoiled it."""
    reasons = [(outcome.reason, outcome.spoiled_by)]
    if outcome.result:
        # A benchmark without clients gives its reason alone: it is the server's program.
        by = outcome.result.get("spoiled_by", "server_gone")
        if outcome.result["reason"] not in outcome.reason:
            reasons.append((outcome.result["reason"], by))
    if outcome.server_ending:
        last = outcome.logs.get("server", "").strip().splitlines()[-1:]
        ending = f"the server ended with {outcome.server_ending} {' '.join(last)}"
        reasons.append((ending, "server_gone"))
    given = [(reason, by) for reason, by in reasons if reason]
    return "; ".join(reason for reason, _ in given), given[0][1] if given else ""


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
    failed = sum(errors.values())
    tried = window["requests"] + failed
    times = {key: value for key, value in window.items() if key.endswith("_us") and key in NAMES}
    return {
        **times,
        "window_s": round(seconds, 6),
        "requests": window["requests"],
        "errors": failed,
        "error_share": per(failed, tried),
        "error_kinds": " ".join(f"{kind}={count}" for kind, count in sorted(errors.items())),
        "requests_per_s": per(window["requests"], seconds),
        "connects": window["connects"],
        "connects_per_s": per(window["connects"], seconds),
        "generator_cpu_share": window["cpu_share"],
        "window_skew_us": window["skew_us"],
        "generator_busy_share": _busy(window, seconds),
        "segments_out_per_response": per(window["segments_in"], window["requests"]),
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
    return per(known * mean / 1e6, window["window_s"] * most) if mean else None


def _busy(window: dict[str, Any], seconds: float) -> float | None:
    """Of an open loop's engine, which waits with open eyes; None for a closed loop."""
    rested = per(window.get("rested_ns"), NS * seconds)
    return None if rested is None else at_least_0(1 - rested)


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
            **_lower_bounds(window["lower_bounds"], f"{name}_"),
        }
        for name in window.get("histograms", {})
        if name.startswith("response ")
    }
    return json.dumps(found) if found else None


def _lower_bounds(names: list[str], prefix: str) -> Sample:
    """Which of a kind's times are; nothing where none is."""
    found = [one for one in ("p50_us", "p99_us") if f"{prefix}{one}" in names]
    return {"lower_bounds": found} if found else {}


def _server(
    window: dict[str, Any],
    samples: dict[str, Sample],
    machine: dict[str, Any],
    cores: float,
) -> Sample:
    """The load stops at the freeze, a moment before the last sample: busy time ends there."""
    before, after = samples["open"], samples["close"]
    start = samples.get("start")
    busy_s = (min(window["ended_ns"], after["at_ns"]) - before["at_ns"]) / NS
    wall_s = (after["at_ns"] - before["at_ns"]) / NS
    cpu_s = (after["cpu_ns"] - before["cpu_ns"]) / NS
    rate = per(window["requests"], window["window_s"])
    tick_s = per(1, machine.get("clock_ticks")) or math.nan
    steal_s = (after["steal_ticks"] - before["steal_ticks"]) * tick_s
    idle_s = (after["idle_ticks"] - before["idle_ticks"]) * tick_s
    lab_cores = len(after["measured_cores"])
    whole_s = wall_s * lab_cores
    if whole_s < steal_s <= whole_s + tick_s * lab_cores:  # a tick more than the window is long
        steal_s = whole_s
    foreign_s = whole_s - idle_s - steal_s - cpu_s - window["cpu_ns"] / NS
    return {
        "server_cpu_us_per_request": per(cpu_s * 1e6, rate * busy_s if rate else None),
        "server_cpu_share": per(cpu_s, busy_s * cores),
        "load_cores": lab_cores - 1,
        "server_rss_bytes": after["rss_bytes"],
        "server_rss_idle_bytes": start["rss_bytes"] if start else None,
        "server_threads": after["threads"],
        "server_processes": after["processes"],
        "server_fds": after["fds"],
        **{name: _grown(before[name], after[name]) for name in SWITCHES},
        "kernel_socket_bytes": after["kernel_socket_bytes"],
        **_full_queue(samples),
        "listen_overflows": _since(start, after, "listen_overflows"),
        "listen_drops": _since(start, after, "listen_drops"),
        "retransmits": _since(before, after, "retransmits"),
        "resets": _since(before, after, "resets"),
        "steal_share": per(steal_s, whole_s),
        "foreign_cpu_share": at_least_0(per(foreign_s, wall_s)),
    }


def _since(before: Sample | None, after: Sample, name: str) -> int | None:
    """What a counter of the kernel grew by; unknown where it was not read before."""
    return None if before is None else after[name] - before[name]


def _grown(before: int | None, after: int | None) -> int | None:
    """A sum over threads alive: unknown where too many, or where some of them ended."""
    return None if before is None or after is None or after < before else after - before


def _full_queue(samples: dict[str, Sample]) -> Sample:
    """What the piling up of silent connections showed; nothing under keep-alive."""
    if "full" not in samples:
        return {}
    empty, full = samples.get("empty"), samples["full"]
    return {
        "full_queue_depth": full["accept_queue"],
        "full_queue_overflows": _since(empty, full, "listen_overflows"),
        "full_queue_drops": _since(empty, full, "listen_drops"),
        "full_queue_resets": full["resets"],
        "late_ack_resets": samples["late"]["resets"] if "late" in samples else None,
    }


def _deepest(samples: list[Sample]) -> Any:
    """Of the accept queue in the window: each sample has the deepest since the one before."""
    return max(one["accept_queue_max"] for one in samples if one["label"] in INSIDE)


def _kernel(samples: dict[str, Sample]) -> Sample:
    """Before any load, and with all connections established; there is no gate without such."""
    start, at_gate = samples.get("start"), samples.get("gate")
    return {
        "kernel_slab_idle_bytes": start["kernel_slab_bytes"] if start else None,
        "kernel_slab_bytes": at_gate["kernel_slab_bytes"] if at_gate else None,
    }


def _calls(window: dict[str, Any], samples: dict[str, Sample]) -> Sample:
    """System calls per request, of the requests that were answered between the samples."""
    before, after = samples["open"], samples["close"]
    seconds = (min(window["ended_ns"], after["at_ns"]) - before["at_ns"]) / NS
    rate = per(window["requests"], window["window_s"])
    counted: dict[str, int] = after.get("syscalls", {})
    requests = rate * seconds if rate else 0
    if not requests > 0 or not counted:
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
    if not close.get("syscalls"):  # who answers makes some
        return "no trace of the server's system calls was found"
    return "" if close["trace_is_whole"] else "the trace filled its file; choose a shorter window"
