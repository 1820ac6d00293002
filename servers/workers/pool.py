"""A fixed number of threads, started once, that end with the process."""

from __future__ import annotations

import sys
import threading
from _thread import start_new_thread
from collections.abc import Callable

from servers.core.events import EventLog
from servers.core.exits import StartError
from servers.core.settings import Settings


def start_pool(settings: Settings, log: EventLog, own_count: int, work: Callable[[], None]) -> int:
    """Run `work`, which never returns, in as many threads as the settings say, or `own_count`.

    Returns how many there are: fewer, if the system has no more to give. Raises StartError when
    there would be none.
    """
    wanted = settings.workers or own_count
    sys.setswitchinterval(settings.switch_interval_us / 1e6)
    threading.stack_size(settings.thread_stack_bytes)
    for started in range(wanted):
        try:
            start_new_thread(work, ())
        except (RuntimeError, MemoryError) as error:
            if not started:
                raise StartError(
                    "cannot start a thread; raise the pids limit, or lower thread_stack_bytes"
                ) from error
            log.limit(
                "threads",
                started,
                f"cannot start one thread more: the pool has {started} instead of {wanted};"
                " raise the pids limit, or lower thread_stack_bytes or workers",
            )
            return started
    return wanted
