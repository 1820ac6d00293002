"""One trial, everything in it fresh: pod, server, probe and load worker.

The pod owns the network namespace and its kernel settings. With `network: pod`
the load joins it; with `network: bridge` the load has a pod of its own across
the lab's bridge. A trial always ends with a record: what cannot be measured is
void with its reason, and the run goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests

from experiments.containers import LISTEN_S, PROBE_PORT, Containers, hostname, server_port
from experiments.driver import ContainerState, Driver, DriverError
from experiments.exits import LabError
from experiments.master import Master
from experiments.plan import Trial

MOST_IN_FLIGHT = 256
FOREIGN_LISTEN_S = 30.0
"""Somebody's server may take long to start; one that has ended is not waited for."""
SHORTEST_BACKLOG = 128
"""Of the common servers that choose it themselves."""
LOAD_KNOBS = (
    *("load", "pipeline_depth", "arrivals", "idle_connections", "idle", "trickle_per_s"),
    *("churn_per_s", "slow_readers", "slow_writers", "vanishing_per_s"),
)
"""Settings that the load takes by the same name."""
LOST_S = 60.0
"""Beside warm-up and window; connecting gives up by itself long before."""
WORKER_S = 30.0
BODY = "Hello, world!"
ENDED = "the server ended before the load did"
T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """What a trial left: the worker's result if any, the reason if none, and the logs."""

    result: dict[str, Any] | None = None
    reason: str = ""
    server_ending: str = ""
    logs: dict[str, str] = field(default_factory=dict)
    elapsed_s: float = 0.0


class TrialError(Exception):
    """This trial cannot be measured, the next one may; the message is the reason."""


class TrialRunner:
    """Runs trials one after the other on one driver, network and master.

    A trial's containers are removed while the next one's start: half a second saved.
    """

    def __init__(
        self,
        driver: Driver,
        master: Master,
        containers: Containers,
        master_container: str,
    ) -> None:
        self._driver = driver
        self._master = master
        self.containers = containers
        self._master_container = master_container
        self._remover = ThreadPoolExecutor(1, thread_name_prefix="remover")
        self._removal: Future[None] | None = None

    def run(self, trial: Trial) -> Outcome:
        """Never raises for what a server or a worker does; its reason is in the outcome.

        Raises LabError when nothing could be measured any more.
        """
        outcome = Outcome()
        started = time.monotonic()
        containers: dict[str, str] = {}
        try:
            self._start(trial, containers)
            outcome.result = self._measure(trial, containers)
        except (DriverError, TrialError, requests.RequestException) as error:
            outcome.reason = str(error)
        finally:
            self._finish(containers, outcome)
        if outcome.reason and not self._driver.state(self._master_container).running:
            raise LabError("the Locust master ended, and the trial in flight with it")
        outcome.elapsed_s = time.monotonic() - started
        return outcome

    def settle(self) -> None:
        """Wait until the trial before is removed, so that no removal runs in a window."""
        if self._removal is not None:
            self._removal.result()
            self._removal = None

    @contextmanager
    def serving(self, trial: Trial) -> Iterator[str]:
        """A pod with its server and nothing else, for a generator of somebody else's."""
        self.settle()
        pod = self._driver.start(self.containers.pod(trial, "pod"))
        server = self._driver.start(self.containers.server(trial, pod))
        try:
            deadline = time.monotonic() + LISTEN_S
            while '"listening"' not in self._driver.logs(server):
                ended = not self._driver.state(server).running
                if ended or time.monotonic() > deadline:
                    raise LabError(f"the server does not listen: {self._driver.logs(server)}")
                time.sleep(0.05)
            yield pod
        finally:
            self._driver.remove([server, pod])

    def _start(self, trial: Trial, containers: dict[str, str]) -> None:
        make, bridged = self.containers, trial.point.settings.network == "bridge"
        containers["pod"] = self._driver.start(make.pod(trial, "pod"))
        if bridged:
            containers["client"] = self._driver.start(make.pod(trial, "client"))
        load_pod = containers["client" if bridged else "pod"]
        with ThreadPoolExecutor(1) as pool:
            load = pool.submit(self._driver.start, make.load(trial, load_pod))
            try:
                pod = containers["pod"]
                server = containers["server"] = self._driver.start(make.server(trial, pod))
                containers["probe"] = self._driver.start(make.probe(trial, pod, server))
            except DriverError:
                # Nothing can join the pid namespace of a server that has ended at once.
                if "server" in containers and not self._driver.state(server).running:
                    raise TrialError(ENDED) from None
                raise
            finally:
                containers["load"] = load.result()

    def _measure(self, trial: Trial, containers: dict[str, str]) -> dict[str, Any]:
        settings = trial.point.settings
        self.settle()
        self._until(
            trial,
            lambda: self._master.wait_for_worker(hostname(trial)) or None,
            containers,
            WORKER_S,
            "the load worker did not reach the Locust master",
        )
        host = "server" if settings.network == "bridge" else "127.0.0.1"
        self._master.swarm(
            settings.active_connections,
            {
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
            },
        )
        limit = settings.warm_up_s + settings.window_s + LOST_S
        return self._until(
            trial, lambda: self._master.result(trial.id), containers, limit, "the load did not end"
        )

    def _until(
        self,
        trial: Trial,
        ask: Callable[[], T | None],
        containers: dict[str, str],
        limit_s: float,
        reason: str,
    ) -> T:
        """Ask until there is an answer; give up when the load died, or after `limit_s`.

        A foreign server that does not start is not waited for either: it would be
        given half a minute to listen.
        """
        deadline = time.monotonic() + limit_s
        while (answer := ask()) is None:
            state = self._driver.state(containers["load"])
            if not state.running:
                raise TrialError(f"the load worker ended with {_ending(state)}")
            if trial.point.foreign and not self._driver.state(containers["server"]).running:
                raise TrialError(ENDED)
            if time.monotonic() > deadline:
                raise TrialError(f"{reason} within {limit_s:.0f} s")
        return answer

    def _finish(self, containers: dict[str, str], outcome: Outcome) -> None:
        try:
            for role in ("server", "load", "probe"):
                if role in containers:
                    outcome.logs[role] = self._driver.logs(containers[role])
            if "server" in containers:
                state = self._driver.state(containers["server"])
                if not state.running:
                    outcome.server_ending = _ending(state)
        except DriverError as error:
            outcome.reason = outcome.reason or str(error)
        self._removal = self._remover.submit(self._driver.remove, list(containers.values()))


def _ending(state: ContainerState) -> str:
    cause = ", out of memory" if state.oom_killed else ""
    return f"exit code {state.exit_code}{cause}"


def _in_flight(backlog: int | None) -> int:
    """Connections to open at once: half of what the accept queue holds."""
    return max(1, min((backlog or SHORTEST_BACKLOG) // 2, MOST_IN_FLIGHT))


def _expected(trial: Trial) -> dict[str, Any]:
    """What the load asks, and has to get: an empty body is any that stays the same.

    Always all of it: the master's form keeps what the trial before has set.
    """
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
