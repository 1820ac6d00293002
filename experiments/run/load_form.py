"""What a trial asks of the load: the form that the Locust master takes."""

from __future__ import annotations

from typing import Any

from contract.loads import WIRE
from contract.ports import PROBE_PORT
from contract.probe_clock import OTHER_CLOCK, OWN_CLOCK
from contract.request import headers_text, requests_text
from contract.settings.trial import MOST_WARM_UP_S
from contract.stop_signal import USUAL_SIGNAL
from experiments.plan.trials import Trial
from experiments.run.container_names import server_host
from experiments.run.server_under_test import ServerUnderTest

MOST_IN_FLIGHT = 256
SHORTEST_BACKLOG = 128
"""Shortest backlog that common servers choose for themselves."""


def load_form(
    trial: Trial, server: ServerUnderTest, stop_signal: str = USUAL_SIGNAL
) -> dict[str, Any]:
    """Always all of it: the master's form keeps what the trial before has set."""
    settings, asked = trial.point.settings, server.exchange
    host = server_host(settings)
    return {
        "host": f"http://{host}:{server.port}",
        "server": "",
        **settings.told_to_load,
        "steady_within_s": MOST_WARM_UP_S if settings.warm_up_s is None else 0.0,
        "in_flight": _in_flight(settings.backlog),
        "seed": trial.repeat,
        "path": asked.path,
        "method": asked.plain.method,
        "headers": headers_text(asked.plain.headers),
        "body": asked.plain.body,
        "requests": requests_text(asked.named),
        **asked.expected.form,
        "check": asked.check,
        "ready_path": server.ready.path or "",
        "ready_status": str(server.ready.status or ""),
        "ready_s": server.ready.timeout_s,
        "trial": trial.id,
        "probe": f"{host}:{PROBE_PORT}",
        "probe_clock": OTHER_CLOCK if settings.network == WIRE else OWN_CLOCK,
        "stop_signal": stop_signal,
    }


def _in_flight(backlog: int | None) -> int:
    """Connections to open at once: half of what the accept queue holds."""
    return max(1, min((backlog or SHORTEST_BACKLOG) // 2, MOST_IN_FLIGHT))
