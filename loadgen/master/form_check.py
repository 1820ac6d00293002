"""What a person sends by the form of the web UI is checked here, before Locust takes it over.

Its fields are declared in contract/settings/ and loadgen/options.py, those with a `form`, and added
by loadgen/locust_options.py.

Locust ignores the type and the choices of a knob and fails on a number that it cannot read, with
a page that says nothing. So every field is checked here first, and all faults are told at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request
from locust.env import Environment
from locust.runners import (
    STATE_CLEANUP,
    STATE_RUNNING,
    STATE_SPAWNING,
    STATE_STOPPING,
    MasterRunner,
)
from locust.util.timespan import parse_timespan

from contract.ports import PROBE_PORT
from contract.settings.load_settings import MOST
from loadgen.master.offered import absence, known_servers
from loadgen.master.request_checks import Caller
from loadgen.option_checks import OptionsError, parse, shown
from loadgen.options import Options, knobs

USERS = (1, MOST)
SPAWN_RATES = (0.01, 100_000)
LONGEST_S = 24 * 3_600
LOCUSTS_OWN = {"user_count", "spawn_rate", "host", "run_time", "profile"}
KNOWN = {*LOCUSTS_OWN, "server", *knobs()}
A_SWEEP_RUNS = (
    "a sweep is running here, and its trials set the load: watch it in the tabs, "
    "and load by hand with `make ui` when it has ended"
)


class FormCheck:
    """Checks what is sent to the master of `environment` before Locust sees it."""

    def __init__(self, environment: Environment, runner: MasterRunner, caller: Caller) -> None:
        self.options: Options | None = None
        """Options of the load that was started last."""
        self._environment = environment
        self._runner = runner
        self._caller = caller

    @property
    def target(self) -> str:
        """The address that is really loaded, whatever the form's host says."""
        return f"http://{self.options.host}:{self.options.port}" if self.options else ""

    def check(self) -> Response | None:
        """The answer to the request at hand; None leaves it to Locust."""
        if request.method != "POST":
            return None
        if self._caller.sweeps and not self._caller.is_run:
            return self._refusal(A_SWEEP_RUNS)
        if request.path != "/swarm":
            return None
        given = request.form.to_dict()
        kept: Any = self._environment.parsed_options
        try:
            checked = self._checked(given, {**vars(kept), "trial": "", "probe": "", **given})
        except OptionsError as error:
            return self._refusal(str(error))
        # A sweep names both in every form; by hand, the probe stands beside the server.
        kept.trial = checked.trial
        kept.probe = checked.probe or f"{checked.host}:{PROBE_PORT}"
        self.options = checked
        return None

    def _checked(self, given: Mapping[str, str], values: Mapping[str, Any]) -> Options:
        """The options of a form. Raises OptionsError with all faults."""
        faults = _faults(given)
        if given.get("trial") and not self._caller.sweeps:
            faults.append("trial is a run's, and this master was not started by one")
        if self._runner.state in (STATE_STOPPING, STATE_CLEANUP):
            faults.append("the last load is still being stopped; start again in a moment")
        try:
            checked = parse(values, given.get("host") or self._environment.host)
        except OptionsError as error:
            raise OptionsError("; ".join([*faults, str(error)])) from error
        if self._runner.state in (STATE_SPAWNING, STATE_RUNNING) and self.options:
            faults += _changed(self.options, checked)
        if not checked.is_trial and checked.host in known_servers():  # a sweep starts its own
            faults += filter(None, [absence(checked.host)])
        if faults:
            raise OptionsError("; ".join(faults))
        return checked

    def _refusal(self, message: str) -> Response:
        return jsonify(success=False, message=message, host=self._environment.host)


def _faults(given: Mapping[str, str]) -> list[str]:
    """What is wrong in Locust's own fields, and fields that are not of this form."""
    found = [f"{shown(name)} is no field of this form" for name in given if name not in KNOWN]
    low, high = USERS
    users = given.get("user_count", "")
    if not users.isdecimal() or not low <= float(users) <= high:
        found.append(
            f"the number of users is {shown(users)!r}; "
            f"it must be a whole number from {low:,} to {high:,}"
        )
    slowest, fastest = SPAWN_RATES
    rate = given.get("spawn_rate", "")
    if not slowest <= _number(rate) <= fastest:
        found.append(
            f"the ramp up is {shown(rate)!r}; it must be from {slowest:g} to {fastest:,} users/s"
        )
    run_time = given.get("run_time", "")
    if run_time and not 1 <= _seconds(run_time) <= LONGEST_S:
        found.append(
            f"the run time is {shown(run_time)!r}; write it like 90, 90s, 5m or 1h30m, "
            f"from 1s to {LONGEST_S // 3_600}h"
        )
    return found


def _changed(before: Options, now: Options) -> list[str]:
    """Only the users of a running load can be changed: the engine has the rest already."""
    was, will_be = before.recorded, now.recorded
    names = [
        "server" if name == "host" else name
        for name in will_be
        if name != "probe" and was[name] != will_be[name]
    ]
    if not names:
        return []
    return [f"{', '.join(names)} cannot be changed while a load runs; stop it first"]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _seconds(text: str) -> float:
    try:
        return float(parse_timespan(text))
    except (ValueError, OverflowError):
        return math.nan
