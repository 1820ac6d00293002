"""Pictures drawn by processes of their own, beside what else there is to do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from analysis.charts import picture
from analysis.charts.model import Chart
from contract.exits import LabError

PROCESSES = min(4, os.cpu_count() or 1)


@contextmanager
def drawing(folder: Path) -> Iterator[Callable[[Chart, str], Future[str]]]:
    """A function that has a chart drawn as NAME.png and NAME.svg in `folder`; its result is the
    text of the SVG. All are drawn as this ends, unless something else failed. LabError if one of
    the processes is killed."""
    # A fork of this process, which has threads, may hang; one of a server that has read what they
    # all need begins at once.
    context = get_context("forkserver")
    context.set_forkserver_preload([picture.__name__])
    with ProcessPoolExecutor(PROCESSES, context, initializer=_leave_interrupts) as pool:
        try:
            for _ in range(PROCESSES):
                pool.submit(int)  # a process is started when there is something to do
            yield lambda chart, name: pool.submit(picture.save, chart, folder, name)
        except BrokenProcessPool:
            raise LabError(
                f"{folder}: a process that drew pictures was killed, as is done where memory is "
                "short: end other programs and make the report again"
            ) from None
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _leave_interrupts() -> None:
    """Ctrl-C ends the process that asked for the pictures, and that one ends these."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
