"""What a trial asks of the load: the form that the Locust master takes."""

from __future__ import annotations

from typing import Any

from experiments.plan.trials import Trial
from experiments.run.trial_containers import LISTEN_S, PROBE_PORT, server_port

MOST_IN_FLIGHT = 256
FOREIGN_LISTEN_S = 30.0
"""Somebody's server may take long to start; one that has ended is not waited for."""
SHORTEST_BACKLOG = 128
"""Of the common servers that choose it themselves."""
BODY = "Hello, world!"
LOAD_KNOBS = (
    *("load", "pipeline_depth", "arrivals", "idle_connections", "connect_pace_per_s", "idle"),
    *("trickle_per_s", "churn_per_s", "slow_readers", "slow_writers", "vanishing_per_s"),
    "late_acks",
)
"""Settings that the load takes by the same name."""


def load_form(trial: Trial) -> dict[str, Any]:
    """Always all of it: the master's form keeps what the trial before has set."""
    settings = trial.point.settings
    host = "server" if settings.network == "bridge" else "127.0.0.1"
    return {
        "host": f"http://{host}:{server_port(trial)}",
        "server": "",
        **{name: getattr(settings, name) for name in LOAD_KNOBS},
        "in_flight": _in_flight(settings.backlog),
        "rate_per_s": settings.rate_per_s or 0.0,
        "seed": trial.repeat,
        **_expected(trial),
        "warm_up_s": settings.warm_up_s,
        "window_s": settings.window_s,
        "trial": trial.id,
        "probe": f"{host}:{PROBE_PORT}",
    }


def _in_flight(backlog: int | None) -> int:
    """Connections to open at once: half of what the accept queue holds."""
    return max(1, min((backlog or SHORTEST_BACKLOG) // 2, MOST_IN_FLIGHT))


def _expected(trial: Trial) -> dict[str, Any]:
    """What the load asks, and has to get: an empty body is any that stays the same."""
    settings, foreign = trial.point.settings, trial.point.foreign
    if foreign is None:
        longer = settings.response_bytes is not None or "/bytes/" in (settings.path or "")
        return {
            "path": settings.path or "/",
            "expect_status": 200,
            "expect_body": "" if longer else BODY,
            "listen_s": LISTEN_S,
        }
    return {
        "path": settings.path or foreign.path,
        "expect_status": foreign.expect.status,
        "expect_body": foreign.expect.body or "",
        "listen_s": FOREIGN_LISTEN_S,
    }
