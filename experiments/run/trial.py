"""Runs trials one after the other. Each ends with a record: what cannot be measured is void with
its reason, and the run goes on.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

from experiments.docker.driver import Driver, DriverError
from experiments.plan.trials import Trial
from experiments.records.outcome import Outcome
from experiments.run.loaded_trial import LoadedTrial
from experiments.run.locust_client import MasterError
from experiments.run.master_container import MasterContainer
from experiments.run.microbenchmark import Microbenchmark
from experiments.run.trial_containers import Containers
from experiments.run.trial_kind import TrialError, TrialKind


class TrialRunner:
    """Runs trials on one driver, network and master.

    A trial's containers are removed while the next one's start: half a second saved.
    """

    def __init__(self, driver: Driver, master: MasterContainer, containers: Containers) -> None:
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
        kind = self._kind_of(trial)
        try:
            kind.measure(outcome)
        except TrialError as error:
            outcome.reason, outcome.spoiled_by = str(error), error.spoiled_by
        except MasterError as error:
            outcome.reason, outcome.spoiled_by = str(error), "load"
            self._look_at_master(outcome)
        except DriverError as error:
            outcome.reason, outcome.spoiled_by = str(error), "surroundings"
        finally:
            self._finish(kind, outcome)
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

    def _kind_of(self, trial: Trial) -> TrialKind:
        if trial.point.settings.without_clients:
            return Microbenchmark(trial, self._driver, self.containers, self.settle)
        return LoadedTrial(trial, self._driver, self.containers, self.settle, self._master)

    def _look_at_master(self, outcome: Outcome) -> None:
        """It failed: whether it has ended is the better reason. An engine that does not tell leaves
        the one that is known."""
        try:
            outcome.reason = self._master.ending() or outcome.reason
            outcome.logs["master"] = self._master.log()
        except DriverError as error:
            outcome.reason = f"{outcome.reason}; {error}"

    def _finish(self, kind: TrialKind, outcome: Outcome) -> None:
        """Note how containers ended, keep their logs, and begin to remove them."""
        try:
            kind.note_endings(outcome)
        except DriverError as error:
            outcome.reason = outcome.reason or str(error)
            outcome.spoiled_by = outcome.spoiled_by or "surroundings"
        for name in kind.logged:
            if name in kind.started:
                outcome.logs[name] = self._log(kind.started[name])
        self._doomed += kind.started.values()
        self._removal = self._remover.submit(self._driver.remove, list(self._doomed))

    def _log(self, container: str) -> str:
        """A trial that was measured is no worse for a log that cannot be read."""
        try:
            return self._driver.logs(container)
        except DriverError as error:
            return f"(the lab could not read this log: {error})"
