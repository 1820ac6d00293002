"""What is checked of a call to the master before anything is done for it: whose it is, its words.

The master's address is in the network of the trial, so the server under test can call it too. The
lab makes a secret for each run and gives it to the master alone, as C10K_SECRET; its own calls
bear it. A master without one was started by a person: no sweep runs there.
"""

from __future__ import annotations

import hmac
import math
import os

from flask import Response, jsonify, request

LONGEST_WAIT_S = 60.0
MOST_WORKERS = 1_000
LONGEST_NAME = 200


class CallError(ValueError):
    """What a call says is wrong; the message says how."""


class Caller:
    """Tells the run's own calls from others'."""

    def __init__(self) -> None:
        self._secret = os.environ.get("C10K_SECRET", "")

    @property
    def sweeps(self) -> bool:
        """Whether this master belongs to a run."""
        return bool(self._secret)

    @property
    def is_run(self) -> bool:
        """Whether the request at hand bears the run's secret."""
        given = request.headers.get("Authorization", "").encode()
        return self.sweeps and hmac.compare_digest(given, f"Bearer {self._secret}".encode())

    def refusal(self) -> tuple[Response, int] | None:
        """The answer to a request that only the run may make; None if it is the run's."""
        if self.is_run:
            return None
        return jsonify(message="only the run that started this master may ask this"), 403


def check_name(name: str) -> None:
    """Check the name of a trial or a host. Raises CallError."""
    if len(name) > LONGEST_NAME:
        raise CallError(f"a name of {len(name):,} characters; at most {LONGEST_NAME}")


def parameters(**defaults: float) -> dict[str, float]:
    """The numbers of the request's query, by name: `wait` in s, `count` of workers.

    Raises CallError for a name that is not among `defaults`, one that stands twice, and a number
    that is none or out of its range.
    """
    for name, values in request.args.lists():
        if name not in defaults:
            raise CallError(f"{name[:LONGEST_NAME]!r} is no parameter of this address")
        if len(values) > 1:
            raise CallError(f"{name} is given {len(values)} times")
    return {name: _number(name, default) for name, default in defaults.items()}


def _number(name: str, default: float) -> float:
    given = request.args.get(name)
    if given is None:
        return default
    low, high = (1, MOST_WORKERS) if name == "count" else (0, LONGEST_WAIT_S)
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    whole = name != "count" or number.is_integer()
    if low <= number <= high and whole:
        return number
    kind = "a whole number" if name == "count" else "a number of seconds"
    raise CallError(f"{name} is {given[:LONGEST_NAME]!r}; it must be {kind} from {low} to {high:g}")
