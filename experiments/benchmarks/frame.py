"""What benchmarks and campaigns share: the frame of a run, and trials tried again when void."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from contract.console import say
from contract.exits import LabError
from contract.ports import WEB_PORT
from contract.result.trial_result import TrialResult
from contract.result.window import Window
from contract.settings.trial import Settings
from experiments.docker.docker_driver import DockerDriver
from experiments.images.build import Images, ensure_images
from experiments.machine.doctor import NOFILE, Needs, preflight
from experiments.paths import RESULTS
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Point, Trial
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from experiments.run.loop import interruptible, swept
from experiments.run.run_lock import RunLock
from experiments.run.trial import TrialRunner

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """One run of the benchmark or campaign `name`, which holds the lock of the machine."""

    name: str
    run: str
    driver: DockerDriver
    images: Images
    say: Callable[[str], None]

    def save(self, figures: Mapping[str, Any], file: str = "bench.json") -> Path:
        """Write the figures to this file in results/NAME/RUN, or write it anew; return its path."""
        folder = RESULTS / self.name / self.run
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / file
        path.write_text(json.dumps(figures, indent=2) + "\n")
        return path


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
        needs = Needs(
            nofile=NOFILE,
            disk_bytes=10_000_000,
            port=port,
            results=results,
            image=images.server,
        )
        preflight(driver, needs)
        yield Frame(name, run, driver, images, tell)


class Trials:
    """Runs the trials of a benchmark; `rows` has all that were valid, or void to the end."""

    def __init__(self, frame: Frame, runner: TrialRunner) -> None:
        self._frame = frame
        self._runner = runner
        self.rows: list[dict[str, Any]] = []

    def attempt(
        self, settings: Settings, foreign: Foreign | None = None, attempts: int = ATTEMPTS
    ) -> tuple[dict[str, Any], Outcome]:
        """A trial's row and what it is made of; a void one is measured again, so many times."""
        position = len(self.rows) + 1
        trial = Trial(Point(self._frame.name, settings, foreign), 1, position, position)
        for attempt in range(attempts):
            if attempt:
                self._runner.settle()  # this attempt has the names of the one before
            outcome = self._runner.run(trial)
            now = datetime.now(UTC).isoformat()
            row = make_row(self._frame.name, self._frame.run, now, trial, outcome)
            if row["validity"] != "void":
                break
        self.rows.append(row)
        return row, outcome

    def measure(self, settings: Settings) -> tuple[dict[str, Any], Window]:
        """Row and window of a trial that has to be valid. Raises LabError when it stays void."""
        row, outcome = self.attempt(settings)
        window = outcome.result.window if isinstance(outcome.result, TrialResult) else None
        if row["validity"] == "void" or window is None:
            raise LabError(f"void {ATTEMPTS} times in a row; the last time: {row['reason']}")
        return row, window
