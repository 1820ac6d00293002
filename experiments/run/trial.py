"""One trial, everything in it fresh: pod, server, probe and load workers.

The pod owns the network namespace and its kernel settings. With `network: pod`
the load joins it; with `network: bridge` the load has a pod of its own across
the lab's bridge. A trial always ends with a record: what cannot be measured is
void with its reason, and the run goes on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, TypeVar

from contract.ports import PROBE_PORT
from experiments.docker.driver import ContainerSpec, Driver, DriverError
from experiments.plan.trials import Trial
from experiments.records import pins
from experiments.run import microbenchmark
from experiments.run.locust_client import MasterError
from experiments.run.master_container import MasterContainer
from experiments.run.trial_containers import Containers, hostname, load_name

MOST_IN_FLIGHT = 256
SHORTEST_BACKLOG = 128
"""Of the common servers that choose it themselves."""
LOAD_KNOBS = (
    *("load", "pipeline_depth", "arrivals", "idle_connections", "connect_pace_per_s", "idle"),
    *("trickle_per_s", "churn_per_s", "slow_readers", "slow_writers", "vanishing_per_s"),
    "late_acks",
)
"""Settings that the load takes by the same name."""
LOST_S = 60.0
"""Beside the ramp, warm-up and window; connecting gives up by itself long before."""
WORKER_S = 30.0
STOP_S = 3.0
END_S = 1.0
ENDED = "the server ended before the load did"
NOT_EXECUTED = re.compile(r'exec: "|executable file .* not found', re.IGNORECASE)
"""In what runc and crun say of a command that cannot be executed: not there, or no program."""
OF_AN_END = ("server_wrong", "server_gone", "probe")
"""What the load makes of a server that has just ended: connections and probe went with it."""
BESIDE = {"pod": "surroundings", "client": "surroundings", "probe": "probe"}
"""Containers of a trial that only end if something else ends them, and who spoiled it then."""
T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """What a trial left: the worker's result if any, the reason if none and who spoiled it, and
    the logs. `server_ending` is how the server ended by itself, in words."""

    result: dict[str, Any] | None = None
    reason: str = ""
    spoiled_by: str = ""
    server_ending: str = ""
    out_of_memory: bool = False
    logs: dict[str, str] = field(default_factory=dict)
    elapsed_s: float = 0.0


class TrialError(Exception):
    """This trial cannot be measured, the next one may; the message is the reason."""

    def __init__(self, reason: str, spoiled_by: str) -> None:
        super().__init__(reason)
        self.spoiled_by = spoiled_by


class TrialRunner:
    """Runs trials one after the other on one driver, network and master.

    A trial's containers are removed while the next one's start: half a second saved.
    """

    def __init__(
        self,
        driver: Driver,
        master: MasterContainer,
        containers: Containers,
    ) -> None:
        self._driver = driver
        self._master = master
        self.containers = containers
        self._remover = ThreadPoolExecutor(1, thread_name_prefix="remover")
        self._removal: Future[None] | None = None
        self._doomed: list[str] = []

    def run(self, trial: Trial) -> Outcome:
        """Never raises for what a server, a worker, the probe or the master does; the reason is in
        the outcome. Raises LabError when nothing could be measured any more.
        """
        outcome = Outcome()
        started = time.monotonic()
        containers: dict[str, str] = {}
        try:
            if trial.point.settings.without_clients:
                measured = self._measure_alone(trial, containers)
            else:
                if replaced := self._master.make_ready():
                    outcome.logs["master"] = replaced
                self._start(trial, containers)
                measured = self._measure(trial, containers)
            outcome.result = {**measured, "asked": pins.asked(self.containers, trial)}
        except TrialError as error:
            outcome.reason, outcome.spoiled_by = str(error), error.spoiled_by
        except MasterError as error:
            outcome.reason, outcome.spoiled_by = str(error), "load"
            self._look_at_master(outcome)
        except DriverError as error:
            outcome.reason, outcome.spoiled_by = str(error), "surroundings"
        finally:
            self._finish(trial, containers, outcome)
        outcome.elapsed_s = time.monotonic() - started
        return outcome

    def settle(self) -> None:
        """Wait until the trial before is removed, so that no removal runs in a window.

        What the engine did not remove is no fault of the next trial: it is tried again after
        that, and by the sweep at the end of the run.
        """
        if self._removal is not None:
            removal, self._removal = self._removal, None
            try:
                removal.result()
            except DriverError:
                return  # they stay among the doomed
            self._doomed = []

    def _start(self, trial: Trial, containers: dict[str, str]) -> None:
        make, bridged = self.containers, trial.point.settings.network == "bridge"
        containers["pod"] = self._driver.start(make.pod(trial, "pod"))
        if bridged:
            containers["client"] = self._driver.start(make.pod(trial, "client"))
        load_pod = containers["client" if bridged else "pod"]
        specs = make.loads(trial, load_pod)
        with ThreadPoolExecutor(len(specs)) as pool:
            loads = {name: pool.submit(self._driver.start, spec) for name, spec in specs.items()}
            try:
                pod = containers["pod"]
                server = containers["server"] = self._start_server(make.server(trial, pod))
                containers["probe"] = self._driver.start(make.probe(trial, pod, server))
            except DriverError:
                # Nothing can join the pid namespace of a server that has ended at once.
                if "server" in containers and self._ends(server):
                    raise TrialError(ENDED, "server_gone") from None
                raise
            finally:
                _collect(loads, containers)

    def _start_server(self, spec: ContainerSpec) -> str:
        """Raises TrialError where its own command cannot be executed, else DriverError."""
        try:
            return self._driver.start(spec)
        except DriverError as error:
            if NOT_EXECUTED.search(str(error)):
                raise TrialError(str(error), "server_gone") from error
            raise

    def _ends(self, container: str) -> bool:
        """Whether it has ended; the engine learns of that a moment later."""
        deadline = time.monotonic() + END_S
        while self._driver.state(container).running:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _measure(self, trial: Trial, containers: dict[str, str]) -> dict[str, Any]:
        settings, master = trial.point.settings, self._master.client
        self.settle()
        self._until(
            trial,
            lambda: master.wait_for_workers(hostname(trial), settings.load_workers) or None,
            containers,
            WORKER_S,
            "not all load workers reached the Locust master",
        )
        host = "server" if settings.network == "bridge" else "127.0.0.1"
        server = self.containers.server_under_test(trial)
        master.swarm(
            settings.active_connections,
            {
                "host": f"http://{host}:{server.port}",
                "server": "",
                **{name: getattr(settings, name) for name in LOAD_KNOBS},
                "in_flight": _in_flight(settings.backlog),
                "rate_per_s": settings.rate_per_s or 0.0,
                "seed": trial.repeat,
                # Always all of it: the master's form keeps what the trial before has set.
                "path": server.exchange.path,
                "expect_status": server.exchange.status,
                "expect_body": server.exchange.body,
                "listen_s": server.listen_s,
                "warm_up_s": settings.warm_up_s,
                "window_s": settings.window_s,
                "trial": trial.id,
                "probe": f"{host}:{PROBE_PORT}",
            },
        )
        limit = settings.ramp_s + settings.warm_up_s + settings.window_s + LOST_S
        return self._until(
            trial, lambda: master.result(trial.id), containers, limit, "the load did not end"
        )

    def _measure_alone(self, trial: Trial, containers: dict[str, str]) -> dict[str, Any]:
        """What the benchmark counted; it works from its start on, so that none runs beside."""
        settings = trial.point.settings
        self.settle()
        benchmark = containers["server"] = self._driver.start(self.containers.alone(trial))
        busy_s = settings.warm_up_s + settings.window_s
        ending = microbenchmark.await_end(self._driver, benchmark, busy_s, LOST_S)
        return microbenchmark.read(self._driver.logs(benchmark), ending)

    def _until(
        self,
        trial: Trial,
        ask: Callable[[], T | None],
        containers: dict[str, str],
        limit_s: float,
        reason: str,
    ) -> T:
        """Ask until there is an answer; give up when the load died, or after `limit_s`.

        A server that cannot tell why it ended is not waited for either: the load would give it
        half a minute to listen.
        """
        silent = not self.containers.server_under_test(trial).tells_its_end
        deadline = time.monotonic() + limit_s
        while (answer := ask()) is None:
            for name in _loads(containers):
                if not (state := self._driver.state(containers[name])).running:
                    raise TrialError(f"the {_worker(name)} ended with {state.ending}", "load")
            if silent and not self._driver.state(containers["server"]).running:
                raise TrialError(ENDED, "server_gone")
            if time.monotonic() > deadline:
                raise TrialError(f"{reason} within {limit_s:.0f} s", "load")
        return answer

    def _look_at_master(self, outcome: Outcome) -> None:
        """It failed: whether it has ended is the better reason. An engine that does not tell leaves
        the one that is known."""
        try:
            outcome.reason = self._master.ending() or outcome.reason
            outcome.logs["master"] = self._master.log()
        except DriverError as error:
            outcome.reason = f"{outcome.reason}; {error}"

    def _look_beside(self, containers: dict[str, str], outcome: Outcome) -> None:
        """A pod that ended took the load's way to the master along; a probe, its own answers."""
        failed = outcome.reason or (outcome.result and outcome.result["reason"])
        if not failed or outcome.server_ending:
            return
        for name, spoiled_by in BESIDE.items():
            if name in containers and not (state := self._driver.state(containers[name])).running:
                outcome.reason = f"the trial's {name} ended with {state.ending}; {failed}"
                outcome.spoiled_by = spoiled_by
                return

    def _log(self, container: str) -> str:
        """A trial that was measured is no worse for a log that cannot be read."""
        try:
            return self._driver.logs(container)
        except DriverError as error:
            return f"(the lab could not read this log: {error})"

    def _finish(self, trial: Trial, containers: dict[str, str], outcome: Outcome) -> None:
        try:
            if "server" in containers and not trial.point.settings.without_clients:
                if outcome.result and outcome.result["spoiled_by"] in OF_AN_END:
                    self._ends(containers["server"])
                state = self._driver.state(containers["server"])
                if not state.running:
                    outcome.server_ending = state.ending
                    outcome.out_of_memory = state.oom_killed
                elif _has_workers(outcome.result):
                    self._driver.stop(containers["server"], STOP_S)
            self._look_beside(containers, outcome)
        except DriverError as error:
            outcome.reason = outcome.reason or str(error)
            outcome.spoiled_by = outcome.spoiled_by or "surroundings"
        for name in ("server", *_loads(containers), "probe"):
            if name in containers:
                outcome.logs[name] = self._log(containers[name])
        self._doomed += containers.values()
        self._removal = self._remover.submit(self._driver.remove, list(self._doomed))


def _has_workers(result: dict[str, Any] | None) -> bool:
    """Whether there are worker processes, which tell when they are stopped what they accepted."""
    samples = result["samples"] if result else []
    return bool(samples and samples[-1]["worker_cpu_ns"])


def _loads(containers: dict[str, str]) -> list[str]:
    return [name for name in containers if name.startswith(load_name(1))]


def _worker(name: str) -> str:
    """`load-2` in words."""
    return " ".join(["load worker", *name.split("-")[1:]])


def _collect(starting: dict[str, Future[str]], containers: dict[str, str]) -> None:
    """Wait for all that are being started; raises what the first that does not start raised."""
    wait(starting.values())
    for name, one in starting.items():
        if not one.exception():
            containers[name] = one.result()
    for one in starting.values():
        one.result()


def _in_flight(backlog: int | None) -> int:
    """Connections to open at once: half of what the accept queue holds."""
    return max(1, min((backlog or SHORTEST_BACKLOG) // 2, MOST_IN_FLIGHT))
