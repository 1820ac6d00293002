"""`make faults`: at random an ending of a trial, then a good trial, which has to be valid.

Whatever a server, a load worker, the probe, the master or the user does, it costs one trial: the
next one is measured as if nothing had been, and nothing stays behind. A good trial that got its
window and lost it to other programs of the machine says nothing of that: it is measured again, once
the machine is at rest; so is one whose probe was late, for which that may be the reason.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from contract.exits import Exit, LabError
from contract.outcomes import MEASURED
from contract.settings.trial import Settings
from experiments.benchmarks.frame import Frame, a_trial, frame
from experiments.docker.leftovers import found
from experiments.faults.endings import Ending, drawn
from experiments.faults.meddling_driver import MeddlingDriver
from experiments.machine.rest import Rest
from experiments.plan.expect import Ready
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Trial
from experiments.records.validity import late, skewed
from experiments.run.loop import Interrupted
from experiments.run.trial import TrialRunner
from experiments.run.trial_environment import trial_environment

ENDINGS: Final = 100
DELAY_S: Final = 2.5
"""The longest, after its start, until a container is harmed: such a trial takes about as long."""
ATTEMPTS: Final = 3
SERVER: Final = "faulty"
READY: Final = Ready(timeout_s=5)
"""One that hangs is not waited for as long as one that may be starting."""
SCRIPT: Final = Path(__file__).with_name("faulty_server.py")
SETTINGS: Final = {"active_connections": 16, "warm_up_s": 0.2, "window_s": 0.8}
LAB_SERVER: Final = "epoll_level"


@dataclass(frozen=True, slots=True)
class HarmedTrial:
    """A trial that was harmed, and the good one after it; `faults` says what is wrong, if so.

    `disturbed`: other programs spoiled the good trial, however often it was measured.
    """

    number: int
    ending: str
    server: str
    load_workers: int
    delay_s: float
    reason: str
    spoiled_by: str
    next_reason: str
    next_harmed: bool
    disturbed: bool
    faults: tuple[str, ...]


def campaign(console: Console, count: int, seed: int) -> Path:
    """Print a line for each ending, and a tally; returns the file with all of them.

    Raises LabError(Exit.HARMED) when a good trial failed, a reason was false or something left.
    """
    ended: list[HarmedTrial] = []
    with frame("faults", ("server", "load"), console) as made:
        made.say(f"{count} endings, seed {seed}")
        with MeddlingDriver(made.run, made.driver.owner) as driver:
            trials = Faults(made, driver)
            try:
                for number, (ending, chance) in enumerate(drawn(count, seed), 1):
                    ended.append(one := trials.end(number, ending, chance))
                    rows = [asdict(row) for row in ended]
                    path = made.save({"run": made.run, "seed": seed, "ended": rows}, "faults.json")
                    wrong = "".join(f" - WRONG: {fault}" for fault in one.faults)
                    by = one.spoiled_by or "valid"
                    made.say(f"{number:>4}  {one.ending} ({one.server}): {by}{wrong}")
            finally:
                trials.close()
    console.print(tally(ended))
    if failed := [one for one in ended if one.faults]:
        raise LabError(
            f"{len(failed)} of {count} endings went wrong, the first is number {failed[0].number} "
            f"(all in {path}). To repeat them: make faults N={count} SEED={seed}",
            Exit.HARMED,
        )
    if busy := sum(one.disturbed for one in ended):
        raise LabError(
            f"other programs spoiled {busy} of {count} good trials, so nothing is known of those; "
            "end what else runs here, and try again",
            Exit.NOT_READY,
        )
    return path


class Faults:
    """Ends trials; the environment of the trials is kept, but for an interrupted one."""

    def __init__(self, made: Frame, driver: MeddlingDriver) -> None:
        self._made = made
        self._driver = driver
        self._stack = ExitStack()
        self._runner: TrialRunner | None = None
        self._position = 0
        self._rest = Rest()

    def close(self) -> None:
        """Leave the environment; the sweep around the campaign removes what is still up."""
        self._stack.close()

    def end(self, number: int, ending: Ending, chance: random.Random) -> HarmedTrial:
        """One trial that ends so, and a good one after it."""
        foreign = bool(ending.serves) or chance.random() < 0.5
        workers = chance.choice((1, 2))
        delay_s = round(chance.uniform(0.0, DELAY_S), 2)
        self._driver.arm(ending, delay_s)
        try:
            row = self._harmed(
                self._trial(ending.serves if foreign else None, workers), ending, delay_s
            )
        finally:
            self._driver.disarm()
        good = self._good(workers)
        return HarmedTrial(
            number,
            ending.name,
            SERVER if foreign else LAB_SERVER,
            workers,
            delay_s,
            row["reason"],
            row["spoiled_by"],
            good["reason"],
            good["validity"] not in MEASURED,
            is_disturbed(good),
            tuple(wrongs(ending, row, good, self._left())),
        )

    def _harmed(self, trial: Trial, ending: Ending, delay_s: float) -> dict[str, Any]:
        if not ending.interrupt:
            return self._row(trial)
        try:
            with _interrupted(delay_s):
                return self._row(trial)
        except Interrupted:
            self._stack.close()
            self._runner = None
            self._driver.sweep()
            return {"reason": "interrupted", "spoiled_by": ""}

    def _good(self, workers: int) -> dict[str, Any]:
        for _ in range(ATTEMPTS):
            row = self._row(self._trial(None, workers))
            if not (is_disturbed(row) or late(row)):
                break
            self._rest()
        return row

    def _trial(self, serves: str | None, workers: int) -> Trial:
        """A trial of a server that ends as `serves` says (empty: never); None: of the lab's own."""
        self._position += 1
        foreign = None
        if serves is not None:
            command = ["python3", "-c", SCRIPT.read_text(), serves or "never:"]
            image = self._made.images.server
            foreign = Foreign(
                name=SERVER, image=image, port=8080, command=command, check="exact", ready=READY
            )
        server = foreign.name if foreign else LAB_SERVER
        asked: dict[str, Any] = {"server": server, "load_workers": workers, **SETTINGS}
        return a_trial(self._made.name, Settings(**asked), foreign, self._position)

    def _row(self, trial: Trial) -> dict[str, Any]:
        if self._runner is None:
            images = self._made.images
            made = trial_environment(
                self._made.run, self._driver, images, {SERVER: images.ids["server"]}
            )
            self._runner = self._stack.enter_context(made)
        return self._made.row(trial, self._runner.run(trial))

    def _left(self) -> list[str]:
        """Containers of a trial that are still there."""
        if self._runner:
            self._runner.settle()
        left = found(self._driver, of_runs=True)["containers"]
        return [name for _, name in left if not name.endswith("-master")]


def wrongs(
    ending: Ending, row: dict[str, Any], good: dict[str, Any], left: list[str]
) -> Iterator[str]:
    """What is wrong with an ending's row, with the good trial's after it, or with what is left."""
    if row["spoiled_by"] not in ending.spoiled_by and not is_disturbed(row):
        expected = " or ".join(by or "valid" for by in ending.spoiled_by)
        yield f"spoiled by {row['spoiled_by'] or 'nobody'}, not {expected}: {row['reason']}"
    if good["validity"] not in MEASURED and not is_disturbed(good):
        yield f"the good trial after it was not measured: {good['reason']}"
    if left:
        yield f"left behind: {', '.join(left)}"


def is_disturbed(row: dict[str, Any]) -> bool:
    """Whether the machine spoiled its window, or workers who share a core opened it late."""
    if row.get("outcome") != "completed" or not row["spoiled_by"]:
        return False
    return row["spoiled_by"] == "surroundings" or bool(skewed(row))


@contextmanager
def _interrupted(delay_s: float) -> Iterator[None]:
    """Raise Interrupted after `delay_s`, as Ctrl-C does."""

    def interrupt(_signum: int, _frame: Any) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, max(delay_s, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def tally(ended: list[HarmedTrial]) -> Table:
    """A line for each way: how often it came, what was said of it, and the good trials after."""
    table = Table(box=None)
    headings = ("ending", "times", "harmed", "by", "next harmed", "next disturbed", "wrong")
    for heading in headings:
        table.add_column(heading)
    for name in sorted({one.ending for one in ended}):
        rows = [one for one in ended if one.ending == name]
        by = sorted({one.spoiled_by for one in rows} - {""})
        harmed = sum(bool(one.spoiled_by) for one in rows)
        after = sum(one.next_harmed and not one.disturbed for one in rows)
        disturbed, wrong = sum(one.disturbed for one in rows), sum(bool(one.faults) for one in rows)
        counts = map(str, (after, disturbed, wrong))
        table.add_row(name, str(len(rows)), str(harmed), ", ".join(by), *counts)
    return table
