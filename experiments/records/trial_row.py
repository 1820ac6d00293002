"""From what a trial left to its row in trials.csv. Pure arithmetic on recorded values."""

from __future__ import annotations

import math

from contract.outcomes import not_measured
from contract.probe_question import CLOSE, OPEN
from contract.reasons import server_ended
from contract.result.benchmark_result import BenchmarkResult
from contract.result.trial_result import TrialResult
from contract.result.window import Window
from contract.settings.trial import Settings
from contract.void_causes import BY_SERVER, LOG_ENDS, Blame, SpoiledBy
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Trial
from experiments.records import pins
from experiments.records.columns.benchmark import benchmark_columns
from experiments.records.columns.link import link_columns, link_not_as_asked
from experiments.records.columns.load import gate_columns, load_columns
from experiments.records.columns.server import server_columns
from experiments.records.columns.start import start_columns
from experiments.records.columns.stop import stop_columns
from experiments.records.columns.traced import traced_columns, untraced
from experiments.records.columns.worker import worker_columns
from experiments.records.container_hints import key_that_may_help
from experiments.records.needs_cpu import needs_columns
from experiments.records.outcome import Outcome
from experiments.records.rate_trend import rate_trend
from experiments.records.row_contract import Row, unknown, within_format
from experiments.records.server_log import events, last_lines
from experiments.records.validity import judge

MEMORY = "memory"
"""The limit of a server that the kernel ended for it."""


def make_row(experiment: str, run: str, started_at: str, trial: Trial, outcome: Outcome) -> Row:
    """Every column of the record format, by name; None where nothing was measured.

    A fault of ours, which no trial should have met, costs the trial that meets it.
    """
    row = _planned(experiment, run, started_at, trial)
    try:
        return _measured(row, trial, outcome)
    except Exception as error:
        reason = f"the lab made no row of what was measured: {error!r}"
        return row | {"reason": reason, **not_measured("lab")}


def _planned(experiment: str, run: str, started_at: str, trial: Trial) -> Row:
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
        "attempt": trial.attempt,
        "started_at": started_at,
        "outcome": "failed",
        **trial.point.settings.recorded,
    }


def _measured(row: Row, trial: Trial, outcome: Outcome) -> Row:
    """The row with all that the trial left."""
    settings = trial.point.settings
    row = row | {"server_limit": server_limits(outcome.logs.get("server", ""))}
    row["reason"], row["spoiled_by"] = _reasons(outcome, trial.point.foreign)
    result = outcome.result
    if settings.without_clients:
        benchmark = result if isinstance(result, BenchmarkResult) else None
        return _without_clients(row, benchmark, outcome.elapsed_s, settings)
    loaded = result if isinstance(result, TrialResult) else TrialResult()
    row |= gate_columns(loaded)
    if loaded.window is None:
        _add_reason(row, "no window was measured", "load")
        return _blame(within_format(row, settings.recorded), outcome)
    row["outcome"] = "completed"
    warmed_up_s = loaded.warmed_up_s or 0.0
    row["overhead_s"] = _overhead(outcome.elapsed_s, warmed_up_s, loaded.window.window_s)
    row |= {"warmed_up_s": loaded.warmed_up_s, "rate_trend": rate_trend(loaded.rates_per_s)}
    row |= load_columns(loaded.window, settings.active_connections, settings.pipeline_depth)
    row |= start_columns(loaded) | stop_columns(loaded)
    not_as_asked = _add_server_side(row, loaded, loaded.window, settings, outcome)
    return _blame(_judged(row, settings, not_as_asked), outcome)


def _add_server_side(
    row: Row, result: TrialResult, window: Window, settings: Settings, outcome: Outcome
) -> str:
    """Returns what server or load were not given as asked."""
    before, after = result.sample(OPEN), result.sample(CLOSE)
    if before is None or after is None:
        _add_reason(row, "the probe's samples of the window are missing", "probe")
        return ""
    cores = min(settings.server_cpu_quota or 1.0, 1.0)
    row |= server_columns(result, window, before, after, cores)
    row |= worker_columns(result, before, after, outcome.logs.get("server", ""))
    if outcome.needs:
        row |= needs_columns(outcome.needs, before, after, row["foreign_cpu_share"])
    row |= link_columns(before, after)
    row["server_throttled_share"] = pins.throttled_share(before, after)
    if settings.traced:
        row |= traced_columns(window, before, after)
        _add_reason(row, untraced(after), "probe")
    path = link_not_as_asked(settings, result.round_trip_us, before, after)
    return "; ".join(filter(None, (pins.not_as_asked(result), path)))


def _add_reason(row: Row, reason: str, spoiled_by: Blame) -> None:
    """The first reason stands."""
    if reason and not row["reason"]:
        row["reason"], row["spoiled_by"] = reason, spoiled_by


def _blame(row: Row, outcome: Outcome) -> Row:
    """The row with its word, by who is to blame. A server that met a limit, or ended, takes the
    load and the probe along: what they saw of it is no fault of theirs, nor a wrong answer.
    """
    if not row["spoiled_by"]:
        return row
    if outcome.need_ended:
        return row | not_measured("surroundings")
    if outcome.out_of_memory:
        return row | {"server_limit": row["server_limit"] or MEMORY} | not_measured("server_limit")
    if row["server_limit"] and row["spoiled_by"] in BY_SERVER:
        return row | not_measured("server_limit")
    return row | not_measured("server_gone" if outcome.server_ending else row["spoiled_by"])


def _without_clients(
    row: Row, result: BenchmarkResult | None, elapsed_s: float, settings: Settings
) -> Row:
    row = row | (benchmark_columns(result) if result else {})
    if not result or not result.measured or not result.asked:
        _add_reason(row, "nothing was measured", "server_gone")
        cause: SpoiledBy = "server_limit" if row["server_limit"] else row["spoiled_by"]
        return within_format(row | not_measured(cause), settings.recorded)
    row["overhead_s"] = _overhead(elapsed_s, row["warm_up_s"], row["window_s"])
    return _judged(row, settings, pins.microbenchmark_not_as_asked(result.asked, result.measured))


def _overhead(elapsed_s: float, warm_up_s: float, window_s: float) -> float | None:
    """No figure hangs on it: one that cannot be is unknown, and spoils no trial."""
    beside = round(elapsed_s - warm_up_s - window_s, 3)
    return beside if 0 <= beside < math.inf else None


def _judged(row: Row, settings: Settings, not_as_asked: str) -> Row:
    """The row with the verdict; there is none on figures that the format cannot hold."""
    row = within_format(row, settings.recorded)
    if row.get("validity"):  # not as the format has it
        return row
    if not row["reason"] and (absent := unknown(row)):
        reason = f"no {' and no '.join(absent)} could be computed from what was measured"
        return row | {"reason": reason, **not_measured("lab")}
    return row | judge(row, not_as_asked)


def server_limits(log: str) -> str:
    """Limits that the server named in its log, as `NAME: message`."""
    named: dict[str, str] = {}
    for event in events(log):
        # A foreign server's log says what it likes.
        if event.get("event") == "limit" and {"limit", "message"} <= event.keys():
            named[str(event["limit"])] = str(event["message"])
    return "; ".join(f"{name}: {message}" for name, message in named.items())


def _reasons(outcome: Outcome, foreign: Foreign | None) -> tuple[str, Blame]:
    """All reasons that the trial left, and who the first of them says spoiled it."""
    reasons: list[tuple[str, Blame]] = [(outcome.reason, outcome.spoiled_by)]
    if outcome.need_ended not in outcome.reason:
        reasons.insert(0, (outcome.need_ended, "surroundings"))
    result = outcome.result
    if result and result.reason not in outcome.reason:
        # A benchmark without clients gives its reason alone: it is the server's program.
        by = result.spoiled_by if isinstance(result, TrialResult) else "server_gone"
        reasons.append((result.reason, by))
    log = outcome.logs.get("server", "")
    if outcome.server_ending:
        reasons.append((server_ended(outcome.server_ending), "server_gone"))
    given = [(reason, by) for reason, by in reasons if reason]
    by = given[0][1] or "load" if given else ""  # who names nobody is the load
    told, end = "; ".join(reason for reason, _ in given), _log_end(outcome, by)
    if foreign and by in BY_SERVER:
        hint = key_that_may_help(f"{log}\n{outcome.reason}", foreign, told + end)
        told = "; ".join(filter(None, (told, hint)))
    return told + end, by


def _log_end(outcome: Outcome, spoiled_by: Blame) -> str:
    """The last lines of the log of a server that ended, or that was not up to being loaded."""
    result = outcome.result
    loaded = isinstance(result, BenchmarkResult) or (result is not None and result.window)
    if outcome.server_ending or (spoiled_by in BY_SERVER and not loaded):
        ends = last_lines(outcome.logs.get("server", ""))
        return f"{LOG_ENDS}{ends}" if ends else ""
    return ""
