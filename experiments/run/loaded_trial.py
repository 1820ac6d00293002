"""A trial with clients, everything in it fresh: what the server needs, pod, server, probe and
load workers.

The pod owns the network namespace and its kernel settings. With `network: pod`
the load joins it; with `network: bridge` the load has a pod of its own across
the lab's bridge.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TypeVar

from contract.loads import WIRE
from contract.probe_question import CLOSE, OPEN
from contract.result.server_side import OwnLog
from contract.result.start import Start
from contract.result.trial_result import TrialResult
from contract.stop_signal import USUAL_SIGNAL
from contract.void_causes import SEEN_AT_AN_END
from experiments.docker.driver import ContainerSpec, Driver, DriverError
from experiments.machine.file_system import FileSystem
from experiments.machine.log_copying import Copiers, copying_s
from experiments.plan.trials import Trial
from experiments.probe.need_watch import EVERY_S
from experiments.records import pins
from experiments.records.needs_cpu import NeedsSeen
from experiments.records.outcome import Outcome
from experiments.run.container_names import SERVER_POD, hostname, load_name
from experiments.run.habits_client import see_habits
from experiments.run.habits_command import NAME as HABITS
from experiments.run.load_form import load_form
from experiments.run.master_container import MasterContainer
from experiments.run.needs import RunningNeeds
from experiments.run.shaped_path import shape_path
from experiments.run.told_to_end import ending_of, has_ended, was_told
from experiments.run.trial_containers import Containers
from experiments.run.trial_kind import TrialError
from experiments.run.unreached import why_unreached_by
from experiments.run.watched_start import await_seen, await_watching

LOST_S = 60.0
"""Beside the server's start, the ramp, warm-up and window; connecting gives up long before."""
WORKER_S = 30.0
STOP_S = 3.0
ENDED = "the server ended before the load did"
NOT_EXECUTED = re.compile(r'exec: "|executable file .* not found', re.IGNORECASE)
"""In what runc and crun say of a command that cannot be executed: not there, or no program."""
T = TypeVar("T")


class LoadedTrial:
    """Implements `TrialKind`. `settle` waits until the trial before is removed."""

    def __init__(
        self,
        trial: Trial,
        driver: Driver,
        containers: Containers,
        settle: Callable[[], None],
        master: MasterContainer,
    ) -> None:
        self.started: dict[str, str] = {}
        self._trial = trial
        self._driver = driver
        self._containers = containers
        self._settle = settle
        self._master = master
        self._seen_start: Start | None = None
        self._needs = RunningNeeds(trial, driver, containers, self.started)

    @property
    def logged(self) -> list[str]:
        beside = ("probe", "watch", HABITS)
        return ["server", *self._loads(), *beside, *self._needs.names()]

    def measure(self, outcome: Outcome) -> None:
        if replaced := self._master.make_ready():
            outcome.logs["master"] = replaced
        self._start()
        self._settle()
        make, trial = self._containers, self._trial
        server, loads = make.server(trial, "none"), make.loads(trial, "none").values()
        copiers, files = Copiers.of(self.started["server"]), self._file_system()
        before = copiers and copiers.look()
        result = self._load()
        stop_s = trial.point.settings.stop_s
        cores = [int(core) for core in make.placement.measured(len(self._loads()))]
        spent_s = copying_s(before, copiers.look(), cores) if copiers and before else None
        outcome.result = seen = replace(
            result,
            asked=pins.asked(server, loads),
            log=self._own_log(result, spent_s),
            files_s=files.spent_s(cores) if files else None,
            habits=see_habits(self._driver, self.started, make, trial),
            start=self._seen_start,
        )
        ending = ending_of(self._driver, self.started["server"], result, stop_s)
        outcome.result = replace(seen, ending=ending)

    def _start(self) -> None:
        make, trial, started = self._containers, self._trial, self.started
        settings = trial.point.settings
        if self._needs.names() or settings.network == WIRE:
            self._settle()  # those of the trial before have the same host names, or ports
        hosts = self._needs.start()
        pod = started[SERVER_POD] = self._driver.start(make.pod(trial, SERVER_POD, hosts))
        clients = make.clients(trial)
        self._start_all(clients)
        if settings.shaped:
            ends = (SERVER_POD, *clients)
            shape_path(self._driver, [make.link(trial, started[end], end) for end in ends])
        if settings.start_watched:
            self._watch_start(pod)
        specs = make.loads(trial, *(started[end] for end in clients or (SERVER_POD,)))
        with ThreadPoolExecutor(len(specs)) as pool:
            loads = {name: pool.submit(self._driver.start, spec) for name, spec in specs.items()}
            try:
                if "server" not in started:
                    started["server"] = self._start_server(make.server(trial, pod))
                server = started["server"]
                started["probe"] = self._driver.start(make.probe(trial, pod, server))
            except DriverError:
                # Nothing can join the pid namespace of a server that has ended at once.
                if "server" in started and has_ended(self._driver, server):
                    raise TrialError(ENDED, "server_gone") from None
                raise
            finally:
                self._collect(loads)

    def _start_all(self, specs: dict[str, ContainerSpec]) -> None:
        """Side by side."""
        with ThreadPoolExecutor(max(len(specs), 1)) as pool:
            started = {name: pool.submit(self._driver.start, one) for name, one in specs.items()}
        self._collect(started)

    def _watch_start(self, pod: str) -> None:
        """Nothing else is started meanwhile, nor removed."""
        make, trial, driver, started = self._containers, self._trial, self._driver, self.started
        watch = started["watch"] = driver.start(make.watch(trial, pod))
        self._settle()
        await_watching(driver, watch)
        server = started["server"] = self._start_server(make.server(trial, pod))
        ready_s = make.server_under_test(trial).ready.timeout_s
        self._seen_start = await_seen(driver, watch, server, ready_s)

    def _start_server(self, spec: ContainerSpec) -> str:
        """Raises TrialError where its own command cannot be executed, else DriverError."""
        try:
            return self._driver.start(spec)
        except DriverError as error:
            if NOT_EXECUTED.search(str(error)):
                raise TrialError(str(error), "server_gone") from error
            raise

    def _collect(self, starting: dict[str, Future[str]]) -> None:
        """Wait for all that are being started; raises what the first that fails raised."""
        wait(starting.values())
        for name, one in starting.items():
            if not one.exception():
                self.started[name] = one.result()
        for one in starting.values():
            one.result()

    def _load(self) -> TrialResult:
        trial, settings, master = self._trial, self._trial.point.settings, self._master.client
        self._until(
            lambda: master.wait_for_workers(hostname(trial), settings.load_workers) or None,
            WORKER_S,
            "not all load workers reached the Locust master",
        )
        server = self._containers.server_under_test(trial)
        signal = self._driver.stop_signal(server.image) if settings.stop_s else USUAL_SIGNAL
        master.swarm(settings.active_connections, load_form(trial, server, signal))
        limit_s = settings.ramp_s + settings.longest_warm_up_s + settings.window_s + LOST_S
        limit_s += settings.stop_s
        limit_s += server.ready.timeout_s
        return self._until(lambda: master.result(trial.id), limit_s, "the load did not end")

    def _file_system(self) -> FileSystem | None:
        """File system of the server's container, if it is a program; None also if the engine tells
        none: no trial is worse for that."""
        try:
            mounted = self._driver.mounted_at(self.started["server"])
        except DriverError:
            return None
        return FileSystem.at(mounted) if mounted else None

    def _own_log(self, result: TrialResult, spent_s: float | None) -> OwnLog | None:
        """What the server printed in the window; None without one, or where the engine does not
        tell: no trial is worse for that."""
        opened, closed = result.sample(OPEN), result.sample(CLOSE)
        if not (opened and opened.unix_ns and closed and closed.unix_ns):
            return None
        try:
            rate = self._driver.log_rate(
                self.started["server"], opened.unix_ns / 1e9, closed.unix_ns / 1e9
            )
        except DriverError:
            return None
        return OwnLog(rate, spent_s)

    def _until(self, ask: Callable[[], T | None], limit_s: float, reason: str) -> T:
        """Ask until there is an answer; give up when the load died, or after `limit_s`.

        A server that cannot tell why it ended is not waited for either: the load would give it
        half a minute to listen.
        """
        point = self._trial.point
        silent = point.foreign is not None and not point.settings.stop_s
        deadline = time.monotonic() + limit_s
        while (answer := ask()) is None:
            for name in self._loads():
                if not (state := self._driver.state(self.started[name])).running:
                    raise TrialError(f"the {_worker(name)} ended with {state.ending}", "load")
            if silent and not self._driver.state(self.started["server"]).running:
                raise TrialError(ENDED, "server_gone")
            if time.monotonic() > deadline:
                raise TrialError(f"{reason} within {limit_s:.0f} s", "load")
        return answer

    def note_endings(self, outcome: Outcome) -> None:
        told = self._was_told(outcome)
        if "server" in self.started and not told:
            self._note_server(self.started["server"], outcome)
        self._note_needs(outcome)
        self._note_beside(outcome, told)
        self._note_unreached(outcome)
        self._stop_workers(outcome)

    def _note_needs(self, outcome: Outcome) -> None:
        """One that ended took the server along, or left it without what it is described with."""
        if not self._needs.names():
            return
        if isinstance(outcome.result, TrialResult) and outcome.result.window:
            time.sleep(EVERY_S)  # until each was read after the window
        outcome.needs = NeedsSeen(self._needs.readings(), self._needs.shared_cores)
        outcome.need_ended = self._needs.ended()

    def _note_unreached(self, outcome: Outcome) -> None:
        """Who listens beside somebody's server that runs and could not be reached."""
        result, point = outcome.result, self._trial.point
        if not point.foreign or not isinstance(result, TrialResult) or outcome.server_ending:
            return
        if result.spoiled_by == "server_gone" and not outcome.reason:
            why = why_unreached_by(self._driver, self.started["probe"], point)
            outcome.reason = "; ".join(filter(None, (result.reason, why)))
            outcome.spoiled_by = result.spoiled_by

    def _was_told(self, outcome: Outcome) -> bool:
        """Whether the server was told to end, and so does not fail by it, nor its probe."""
        result = outcome.result if isinstance(outcome.result, TrialResult) else None
        asked = self._trial.point.settings.stop_s > 0
        return asked and was_told(self._driver, self.started, result)

    def _note_server(self, server: str, outcome: Outcome) -> None:
        """How it ended by itself."""
        result = outcome.result if isinstance(outcome.result, TrialResult) else None
        if result and result.spoiled_by in SEEN_AT_AN_END:
            has_ended(self._driver, server)
        state = self._driver.state(server)
        if not state.running:
            outcome.server_ending = state.ending
            outcome.out_of_memory = state.oom_killed

    def _stop_workers(self, outcome: Outcome) -> None:
        """A server with workers is stopped, for then they tell what they did. The last of all: the
        probe, in its pid namespace, ends with it."""
        result = outcome.result
        workers = isinstance(result, TrialResult) and result.samples[-1:]
        if workers and workers[0].worker_cpu_ns and not outcome.server_ending:
            self._driver.stop(self.started["server"], STOP_S)

    def _note_beside(self, outcome: Outcome, told: bool) -> None:
        """A pod that ended took the load's way to the master along, as does one to another host
        that was lost; a probe, its own answers: but for one that ended with a server that was told
        to."""
        failed = outcome.reason or (outcome.result and outcome.result.reason)
        if not failed or outcome.server_ending:
            return
        beside = (SERVER_POD, *self._containers.clients(self._trial), *(() if told else ("probe",)))
        for name in (one for one in beside if one in self.started):
            if not (state := self._driver.state(self.started[name])).running:
                outcome.reason = f"the trial's {name} ended with {state.ending}; {failed}"
                outcome.spoiled_by = "probe" if name == "probe" else "surroundings"
                return
        if lost := self._master.lost_way():
            outcome.reason, outcome.spoiled_by = f"{lost}; {failed}", "surroundings"

    def _loads(self) -> list[str]:
        return [name for name in self.started if name.startswith(load_name(1))]


def _worker(name: str) -> str:
    """`load-2` in words."""
    return " ".join(["load worker", *name.split("-")[1:]])
