"""What benchmarks and campaigns share: the frame of a run, and trials tried again."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from contract.console import say
from contract.exits import Exit, LabError
from contract.outcomes import MEASURED
from contract.ports import WEB_PORT
from contract.result.trial_result import TrialResult
from contract.result.window import Window
from contract.settings.trial import Settings
from experiments.benchmarks.void_attempts import VoidAttempt
from experiments.docker.docker_driver import DockerDriver
from experiments.images.build import Images, ensure_images
from experiments.machine.preflight import NOFILE, MachineNeeds, preflight
from experiments.machine.run_lock import RunLock
from experiments.paths import RESULTS
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Point, Trial, left_to_it
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from experiments.run.loop import interruptible, swept
from experiments.run.standalone_server import StandaloneServers
from experiments.run.trial import TrialRunner
from experiments.run.trial_containers import Containers

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """One run of the benchmark or campaign `name`, which holds the lock of the machine."""

    name: str
    run: str
    driver: DockerDriver
    images: Images
    say: Callable[[str], None]

    def servers(self, containers: Containers, name: str) -> StandaloneServers:
        """Servers by themselves, on the cores and the network of the trials."""
        prefix = f"{containers.prefix}-{name}"
        return StandaloneServers(
            self.driver, self.images, containers.placement, containers.network, prefix
        )

    def save(self, figures: Mapping[str, Any], file: str = "bench.json") -> Path:
        """Write the figures to this file in results/NAME/RUN, or write it anew; return its path."""
        folder = RESULTS / self.name / self.run
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / file
        path.write_text(json.dumps(figures, indent=2) + "\n")
        return path

    def row(self, trial: Trial, outcome: Outcome) -> dict[str, Any]:
        """The trial as a row of trials.csv."""
        return make_row(self.name, self.run, datetime.now(UTC).isoformat(), trial, outcome)


@contextmanager
def frame(
    name: str, targets: tuple[str, ...], console: Console, port: int | None = WEB_PORT
) -> Iterator[Frame]:
    """Alone on the machine, with these images; what it starts is removed at the end.

    `port` has to be free on the host: that of the Locust master, where one is started.
    """
    run = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    results = RESULTS / name
    tell = partial(say, console)
    with RunLock(run, results), interruptible(), DockerDriver(run) as driver, swept(driver, tell):
        images = ensure_images(driver, targets, tell)
        needs = MachineNeeds(
            nofile=NOFILE,
            disk_bytes=10_000_000,
            port=port,
            results=results,
            image=images.server,
        )
        preflight(driver, needs)
        yield Frame(name, run, driver, images, tell)


def check_names(option: str, names: Collection[str], known: Sequence[str]) -> None:
    """Raises LabError for names that are not known."""
    if unknown := sorted(set(names) - set(known)):
        raise LabError(
            f"{option}: {', '.join(unknown)}: not among {', '.join(known)}", Exit.BAD_INPUT
        )


def a_trial(name: str, settings: Settings, foreign: Foreign | None, position: int) -> Trial:
    """A trial of a benchmark. What a foreign server cannot be told stays its own."""
    if foreign:
        settings = left_to_it(settings)
    return Trial(Point(name, settings, foreign), 1, position, position)


class Trials:
    """Runs the trials of a benchmark; `rows` has the last attempt at each, `void` all that were not
    measured."""

    def __init__(
        self, frame: Frame, runner: TrialRunner, void: list[VoidAttempt] | None = None
    ) -> None:
        self._frame = frame
        self._runner = runner
        self.rows: list[dict[str, Any]] = []
        self.void: list[VoidAttempt] = [] if void is None else void

    def attempt(
        self, settings: Settings, foreign: Foreign | None = None, attempts: int = ATTEMPTS
    ) -> tuple[dict[str, Any], Outcome]:
        """A trial's row and what it is made of; so many attempts, until one is
        measured."""
        trial = a_trial(self._frame.name, settings, foreign, len(self.rows) + 1)
        for attempt in range(attempts):
            if attempt:
                self._runner.settle()  # this attempt has the names of the one before
            outcome = self._runner.run(trial)
            row = self._frame.row(trial, outcome)
            if row["validity"] in MEASURED:
                break
            spoiled_by = row["spoiled_by"] or ""
            self.void.append(VoidAttempt(settings.server, spoiled_by, row["reason"]))
        self.rows.append(row)
        return row, outcome

    def measure(self, settings: Settings) -> tuple[dict[str, Any], Window]:
        """Row and window of a trial that has to be measured. Raises LabError when it never is."""
        row, outcome = self.attempt(settings)
        window = outcome.result.window if isinstance(outcome.result, TrialResult) else None
        if row["validity"] not in MEASURED or window is None:
            raise LabError(f"{ATTEMPTS} attempts and none measured; the last one: {row['reason']}")
        return row, window
