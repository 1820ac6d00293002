"""What the client that sees a server's habits is called, and with which words."""

from __future__ import annotations

from typing import Final

from contract.mix import parse_mix
from contract.request import ASKED, Request, requests_text
from experiments.plan.trials import Trial
from experiments.run.container_names import server_host
from experiments.run.server_under_test import ServerUnderTest

NAME: Final = "habits"
"""Name of its container in a trial, and of its log."""


def command(trial: Trial, server: ServerUnderTest) -> tuple[str, ...]:
    """Its command line: the first request of the server, where it is asked."""
    settings, exchange = trial.point.settings, server.exchange
    first = parse_mix(exchange.path)[0].path
    plain = exchange.plain
    asked = exchange.named.get(first) or Request(
        method=plain.method, path=first, headers=plain.headers, body=plain.body
    )
    host = server_host(settings)
    return (
        *("python3", "-m", "loadgen.tools.habits", "--host", host, "--port", str(server.port)),
        *("--request", requests_text({ASKED: asked}), "--silence", f"{settings.habits_s:g}"),
    )
