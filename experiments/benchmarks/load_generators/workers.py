"""Two load workers against one: does the load grow with the workers?

With the 13 bytes of `/` one worker keeps a server on a whole core busy, so that a second one would
show the server's limit and not the load's; and where there are two cores in all, there is none to
spare for it. So each worker may use QUOTA of a core, with a short period, and the server a whole
one: even two workers leave the server time. What is measured is whether all that several workers
do together (the shares, the meetings, one window, the merging) costs anything of what each does.
It says nothing of a core that two workers use in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from contract.exits import LabError
from contract.settings.trial import Settings
from experiments.benchmarks.frame import Trials
from experiments.run.trial import TrialRunner

QUOTA: Final = 0.3
"""Two such workers ask for 0.6 of what one can on a whole core, which the server can answer."""
SERVER_FREE: Final = 0.9
"""A server busier than this may have been the limit of two workers."""


def two_workers(trials: Trials, runner: TrialRunner, rounds: int) -> list[dict[str, float]]:
    """Requests per second with one and with two workers, and their ratio, a pair per round.

    Raises LabError when a trial stays void, or the server was too busy to tell.
    """
    found: list[dict[str, float]] = []
    with _limited(runner):
        for _ in range(rounds):
            one, two = (trials.measure(Settings(load_workers=workers))[0] for workers in (1, 2))
            if two["server_cpu_share"] > SERVER_FREE:
                raise LabError(
                    f"the server used {two['server_cpu_share']:.0%} of its core: "
                    "its limit would be measured, not the workers'"
                )
            rates = one["requests_per_s"], two["requests_per_s"]
            found.append({"one": rates[0], "two": rates[1], "ratio": rates[1] / rates[0]})
    return found


@contextmanager
def _limited(runner: TrialRunner) -> Iterator[None]:
    whole = runner.containers
    runner.containers = replace(whole, load_cpu_quota=QUOTA)
    try:
        yield
    finally:
        runner.containers = whole
