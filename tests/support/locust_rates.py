"""What Locust's master shows of a load: `python -m tests.support.locust_rates "[9, 0]"`.

It has a process of its own, as Locust patches the one that imports it.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, cast
from unittest import mock

from locust.env import Environment

from loadgen.engine.measures import Exchange
from loadgen.engine.recorder import Recorder
from loadgen.worker.locust_statistics import LocustStatistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.engine.engine import Engine

EXCHANGE = Exchange(b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")
BEGAN_S = 1_000_000.0


class FakeEngine:
    def __init__(self) -> None:
        self.recorder = Recorder()
        self.errors: Counter[str] = Counter()

    def by_path(self) -> dict[str, tuple[Recorder, Exchange]]:
        return {"/": (self.recorder, EXCHANGE)}


def rates(answered: Sequence[int]) -> list[float]:
    """Requests a second as shown at the end of each second, with so many responses in each."""
    worker, master, engine = Environment(), Environment(), FakeEngine()
    statistics = LocustStatistics(worker)
    master.stats.total.start_time = BEGAN_S
    shown = []
    for second, count in enumerate(answered):
        with mock.patch.object(time, "time", return_value=BEGAN_S + second):
            for _ in range(count):
                engine.recorder.add(100)
            statistics.merge(cast("Engine", engine))
            master.stats.total.extend(worker.stats.total)
            worker.stats.reset_all()
            shown.append(master.stats.total.current_rps)
    return shown


if __name__ == "__main__":
    print(json.dumps(rates(json.loads(sys.argv[1]))))
