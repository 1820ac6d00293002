"""What a trial asks of the load: the form that the Locust master takes."""

from __future__ import annotations

from typing import Any

from contract.ports import PROBE_PORT
from contract.settings.trial import MOST_WARM_UP_S
from experiments.plan.trials import Trial
from experiments.run.server_under_test import ServerUnderTest

MOST_IN_FLIGHT = 256
SHORTEST_BACKLOG = 128
"""Of the common servers that choose it themselves."""


def load_form(trial: Trial, server: ServerUnderTest) -> dict[str, Any]:
    """Always all of it: the master's form keeps what the trial before has set."""
    settings = trial.point.settings
    host = "server" if settings.network == "bridge" else "127.0.0.1"
    return {
        "host": f"http://{host}:{server.port}",
        "server": "",
        **settings.told_to_load,
        "steady_within_s": MOST_WARM_UP_S if settings.warm_up_s is None else 0.0,
        "in_flight": _in_flight(settings.backlog),
        "seed": trial.repeat,
        "path": server.exchange.path,
        "expect_status": server.exchange.status,
        "expect_body": server.exchange.body,
        "listen_s": server.listen_s,
        "trial": trial.id,
        "probe": f"{host}:{PROBE_PORT}",
    }


def _in_flight(backlog: int | None) -> int:
    """Connections to open at once: half of what the accept queue holds."""
    return max(1, min((backlog or SHORTEST_BACKLOG) // 2, MOST_IN_FLIGHT))
