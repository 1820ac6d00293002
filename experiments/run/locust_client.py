"""The sweep's side of the Locust master: the same HTTP that the web UI speaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from contract.exits import LabError
from contract.result.document import from_json
from contract.result.scalars import DocumentError
from contract.result.trial_result import TrialResult

POLL_S = 5.0
ANSWER_S = 10.0
"""For what the master does at once; a stop may take a second on a machine that is busy."""
START_S = 30.0


class MasterError(Exception):
    """The master did not do what it was asked to; the message says what, and what came instead."""


@contextmanager
def _guard(doing: str) -> Iterator[None]:
    """Turn what requests raises into a MasterError. `doing` says what was going on."""
    try:
        yield
    except requests.Timeout as error:
        raise MasterError(f"{doing}: the Locust master did not answer in time") from error
    except requests.RequestException as error:
        raise MasterError(f"{doing}: the Locust master did not answer: {error}") from error


class Master:
    """A client of one master, at its web UI's address; `secret` is what it was started with."""

    def __init__(self, url: str, secret: str = "") -> None:
        self._url = url
        self._http = requests.Session()
        self._http.trust_env = False  # a proxy has no business on loopback
        if secret:
            self._http.headers["Authorization"] = f"Bearer {secret}"

    def wait_until_up(self, ending: Callable[[], str] = lambda: "") -> None:
        """Raises LabError when the UI does not answer in time, or as soon as `ending` says how the
        master ended.
        """
        deadline = time.monotonic() + START_S
        while True:
            try:
                self._http.get(f"{self._url}/c10k/result/none", timeout=POLL_S)
                return
            except requests.RequestException as error:
                if ended := ending():
                    raise LabError(ended) from error
                if time.monotonic() > deadline:
                    raise LabError(f"the Locust master does not answer at {self._url}") from error
                time.sleep(0.05)

    def wait_until_joined(self, count: int) -> None:
        """Until so many workers are there, whoever they are. Raises LabError."""
        deadline, found, why = time.monotonic() + START_S, 0, ""
        while True:
            try:
                found, why = self._worker_count(), ""
            except MasterError as error:  # a machine that starts everything at once is slow
                why = f"; {error}"
            if found >= count:
                return
            if time.monotonic() > deadline:
                raise LabError(
                    f"{found} of {count} load workers reached the Locust master at {self._url}{why}"
                )
            time.sleep(0.05)

    def _worker_count(self) -> int:
        """Raises MasterError."""
        with _guard("counting load workers"):
            answer = self._http.get(f"{self._url}/worker-count", timeout=POLL_S)
            answer.raise_for_status()
            return int(answer.json()["worker_count"])

    def make_ready(self) -> None:
        """Without a load and without workers, whatever went on. Raises MasterError."""
        with _guard("making it ready"):
            answer = self._http.post(f"{self._url}/c10k/ready", timeout=ANSWER_S)
            answer.raise_for_status()

    def wait_for_workers(self, name: str, count: int) -> bool:
        """One long poll: are so many workers of this host there, and no others?

        Raises MasterError, as all that follow.
        """
        with _guard("waiting for load workers"):
            return self._get(f"worker/{name}", count=count) is not None

    def swarm(self, users: int, form: dict[str, Any]) -> None:
        """Start a load. The error has the master's words when it refuses."""
        data = {"user_count": users, "spawn_rate": max(users, 1), **form}
        with _guard("starting the load"):
            response = self._http.post(f"{self._url}/swarm", data=data, timeout=ANSWER_S)
            answer = response.json()
        if not answer.get("success"):
            raise MasterError(f"the Locust master refused the load: {answer.get('message')}")

    def result(self, trial: str) -> TrialResult | None:
        """One long poll for the result of a trial; None: not yet."""
        with _guard("waiting for the result"):
            found = self._get(f"result/{trial}")
        try:
            return None if found is None else from_json(TrialResult, found)
        except DocumentError as error:
            raise MasterError(f"the Locust master sent no result of a trial: {error}") from error

    def close(self) -> None:
        self._http.close()

    def _get(self, path: str, **parameters: int) -> dict[str, Any] | None:
        response = self._http.get(
            f"{self._url}/c10k/{path}",
            params={"wait": POLL_S, **parameters},
            timeout=POLL_S + ANSWER_S,
        )
        response.raise_for_status()
        return response.json() if response.status_code == requests.codes.ok else None
