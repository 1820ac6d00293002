"""The client beside a server that sees its habits (loadgen/habits/), after a trial's window."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from contract.exits import Exit
from contract.result.document import from_json
from contract.result.habits import Habits
from contract.result.scalars import DocumentError
from experiments.docker.driver import Driver, DriverError
from experiments.plan.trials import Trial
from experiments.records.server_log import last_lines
from experiments.run.container_names import SERVER_POD
from experiments.run.habits_command import NAME
from experiments.run.trial_containers import Containers

LONGEST_S: Final = 150.0
"""Beside the silence; its cases and connections have bounds of their own, about 80 s."""


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
