"""What a trial asks of the load: the form that the Locust master takes."""

from __future__ import annotations

from typing import Any

from contract.ports import PROBE_PORT
from contract.response import BODY
from experiments.plan.trials import Trial
from experiments.run.trial_containers import LISTEN_S, server_port

MOST_IN_FLIGHT = 256
FOREIGN_LISTEN_S = 30.0
"""Somebody's server may take long to start; one that has ended is not waited for."""
SHORTEST_BACKLOG = 128
"""Of the common servers that choose it themselves."""


def load_form(trial: Trial) -> dict[str, Any]:
    """Always all of it: the master's form keeps what the trial before has set."""
    settings = trial.point.settings
    host = "server" if settings.network == "bridge" else "127.0.0.1"
    return {
        "host": f"http://{host}:{server_port(trial)}",
        "server": "",
        **settings.told_to_load,
        "in_flight": _in_flight(settings.backlog),
        "seed": trial.repeat,
        **_expected(trial),
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
            "expect_body": "" if longer else BODY.decode(),
            "listen_s": LISTEN_S,
        }
    return {
        "path": settings.path or foreign.path,
        "expect_status": foreign.expect.status,
        "expect_body": foreign.expect.body or "",
        "listen_s": FOREIGN_LISTEN_S,
    }
