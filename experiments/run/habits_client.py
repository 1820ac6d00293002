"""The client beside a server that sees its habits (loadgen/habits/), after a trial's window."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from contract.exits import Exit
from contract.mix import parse_mix
from contract.request import ASKED, Request, requests_text
from contract.result.document import from_json
from contract.result.habits import Habits
from contract.result.scalars import DocumentError
from experiments.docker.driver import Driver, DriverError
from experiments.plan.trials import Trial
from experiments.records.server_log import last_lines
from experiments.run.container_names import SERVER_POD, server_host
from experiments.run.server_under_test import ServerUnderTest

if TYPE_CHECKING:
    from experiments.run.trial_containers import Containers

NAME: Final = "habits"
"""Of its container in a trial, and of its log."""
LONGEST_S: Final = 150.0
"""Beside the silence; its cases and connections have bounds of their own, about 80 s."""


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


def see_habits(
    driver: Driver,
    started: dict[str, str],
    make: Containers,
    trial: Trial,
) -> Habits | None:
    """What a client sees of the server while nobody else asks it; None: nobody is to look. Its
    container joins those that are `started`. No trial is worse for what fails here."""
    silence_s = trial.point.settings.habits_s
    if not silence_s:
        return None
    try:
        if not driver.state(started["server"]).running:
            return Habits(reason="the server had ended")
        beside = started["client" if "client" in started else SERVER_POD]
        started[NAME] = driver.start(make.habits(trial, beside))
    except DriverError as error:
        return Habits(reason=f"its client did not start: {error}")
    found = await_habits(driver, started[NAME], silence_s)
    # Nobody is taken for deaf whose wire may have broken, or whose packets are lost on purpose.
    unsure = make.placement.on_several_hosts or trial.point.settings.shaped
    return replace(found, deaf=found.deaf and not unsure)


def await_habits(driver: Driver, container: str, silence_s: float) -> Habits:
    """What it printed; the reason, where that is nothing."""
    try:
        code = driver.wait(container, LONGEST_S + silence_s)
        log = driver.logs(container)
    except DriverError as error:
        return Habits(reason=f"what its client saw cannot be had: {error}")
    if code != Exit.OK:
        return Habits(reason=f"its client ended with {code}: {last_lines(log)}")
    try:
        return from_json(Habits, json.loads(log.splitlines()[-1]))
    except (ValueError, IndexError, DocumentError) as error:
        return Habits(reason=f"what its client said cannot be read: {error}")
