"""The connection engine: many connections, one kernel thread, one epoll.

A Locust client costs 15 to 65 times more CPU per request than this loop, and
would be the bottleneck of every trial. So a Locust user stands for a connection,
and the engine does the work: it opens, sends, receives, checks every byte, and
counts. The kinds of load own the hot loop, `connections.py` the connections; the
thread, its commands and the window are here.

Only the engine's thread touches sockets. Other threads post commands with
`call`; the loop carries them out between two batches of events, so that opening
a window and freezing are exact: no response is counted twice or lost.
"""

from __future__ import annotations

import mmap
import os
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable, Mapping
from select import EPOLLIN
from typing import Any

from contract.result.window import Unanswered
from loadgen.engine.censoring import counted, overdue
from loadgen.engine.connection_table import RETRY_S
from loadgen.engine.connections import PACE_S, Connections
from loadgen.engine.measures import Ends, Exchange, Target, Ticket, WindowCounts
from loadgen.engine.recorder import Counts, Recorder
from loadgen.engine.sockets import acknowledge_descriptor, peek
from loadgen.engine.unpatched import start_thread


class Engine(Connections):
    """Base of the kinds of load."""

    _recurring: tuple[str, ...] = ()
    """How the histograms are called of which a closed loop has always begun the next."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.response = Recorder()
        self.failure: BaseException | None = None
        self.finished = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK)
        # Not by the thread that ends: a late call would write to whoever has the number then.
        weakref.finalize(self, os.close, self._wake)
        self._epoll.register(self._wake, EPOLLIN)
        self._commands: deque[Ticket] = deque()
        self._chore: Callable[[], bool] | None = None
        self._stop = False
        self._frozen = False
        self._interrupted = False
        self._window_started = 0
        self._longest_pause = 0
        self._cpu_started = self._process_cpu_started = 0
        self._connects_started = 0

    # What other threads call.

    def start(self) -> None:
        """Start the engine's thread."""
        start_thread(self._run, ())

    def call(self, command: Callable[[], Any]) -> Ticket:
        """Have the engine's thread carry out `command` between two batches of events."""
        ticket = Ticket(command)
        self._commands.append(ticket)
        os.eventfd_write(self._wake, 1)
        return ticket

    # Commands: run in the engine's thread, through `call`.

    def open_window(self) -> int:
        """Forget what was counted so far and begin the window; monotonic ns."""
        self.response = Recorder()
        self.errors = Counter()
        self.first_wrong = ""
        self._longest_pause = 0
        self._connects_started = self.connect.total()
        self._process_cpu_started = time.process_time_ns()
        self._cpu_started = time.thread_time_ns()
        self._window_started = time.perf_counter_ns()
        return self._window_started

    def begin(self) -> None:
        """Start an open loop's schedule; a closed loop needs no start."""

    def keep_at(self, chore: Callable[[], bool]) -> None:
        """Call `chore` after each batch of events until it returns False: a little work at a
        time, so that the connections need not wait for all of it.
        """
        self._chore = chore

    def freeze(self) -> WindowCounts:
        """Stop sending and counting; return what the window holds, exactly."""
        self._frozen = True
        return self.count()

    def count(self) -> WindowCounts:
        """What the window holds if it ends now."""
        ended = time.perf_counter_ns()
        cpu, process_cpu = time.thread_time_ns(), time.process_time_ns()
        ages = {name: counted(one) for name, one in self._ages(ended).items() if one}
        return WindowCounts(
            started_ns=self._window_started,
            ended_ns=ended,
            cpu_ns=cpu - self._cpu_started,
            process_cpu_ns=process_cpu - self._process_cpu_started,
            rss_bytes=rss_bytes(),
            requests=self.response.total(),
            connects=self.connect.total() - self._connects_started,
            errors=dict(self.errors + self._without_end(ended)),
            covered=self._covered(),
            segments_in=self._segments_in(),
            longest_pause_us=self._longest_pause // 1_000,
            rested_ns=self.rested_ns(),
            histograms={name: one.snapshot() for name, one in self.recorders().items()},
            censored=self._censored(ages, ended),
            pending={n: one for n, one in ages.items() if n.startswith(self._recurring)},
            unanswered=self.unanswered(),
            ends=self.ends(),
        )

    def acknowledge(self) -> None:
        """After the freeze: let servers send the last of what they have to send."""
        for fd in self._active | self._idle:
            acknowledge_descriptor(fd)

    def unasked(self) -> int:
        """After the freeze: connections that hold more than they were asked for.

        An answer too many is taken for that of the next request, as it looks the same. At rest it
        is told apart: more has come than is owed.
        """
        return sum(self._has_surplus(fd) for fd in self._active | self._idle)

    def _has_surplus(self, fd: int) -> bool:
        pending = peek(fd)
        begun = self._partial.get(fd)
        return bool(pending) and self._judge(fd).is_surplus(begun, pending, self._owed(fd))

    def close(self) -> None:
        """End the thread; it closes every connection as it goes."""
        self._stop = True

    # What is recorded.

    def recorders(self) -> dict[str, Recorder]:
        """What is being recorded, by name; a kind of request is `response PATH`."""
        return {
            "connect": self.connect,
            "first_response": self.first_response,
            "response": self.response,
        }

    def by_path(self) -> dict[str, tuple[Recorder, Exchange]]:
        """Response times by what was asked for, and the exchange of each."""
        return {self.active_exchange.path: (self.response, self.active_exchange)}

    def rested_ns(self) -> int | None:
        """Time in the window in which an open loop had nothing to do; None for a closed one."""
        return None

    def waiting(self) -> int:
        """Requests of an open loop that are due and wait for a free connection."""
        return 0

    def ends(self) -> Ends:
        """How the server ended in the window connections that were to stay."""
        return Ends()

    def unanswered(self) -> Unanswered | None:
        """What an open loop has due and not answered; None for a closed loop."""
        return None

    # For the subclasses.

    def _ages(self, now: int) -> dict[str, list[int]]:
        """How long ago, in us, all that had not ended by `now` began, by its histogram."""
        return {"connect": [(now - self._opened[fd]) // 1_000 for fd in self._connecting]}

    def _owed(self, fd: int) -> int:
        """How many answers to what was asked have not been read to their ends."""
        raise NotImplementedError

    def _drive(self) -> None:
        """Handle events until a read of `_wake` sets `_interrupted`."""
        raise NotImplementedError

    def _covered(self) -> int:
        """Active connections with at least one response in the window."""
        raise NotImplementedError

    def _without_end(self, _now: int) -> Counter[str]:
        """By kind, the connections that should have ended by now."""
        return Counter()

    def _segments_in(self) -> int | None:
        """Segments received in the window on active connections, where that can be known."""
        return None

    def _censored(self, ages: Mapping[str, Counts], now: int) -> dict[str, Counts]:
        """Ages that are to stand among the times, of what had not ended by `now` and is so old."""
        length_us = max(now - self._window_started, 1) / 1_000
        ended = self.recorders()
        found = {
            name: overdue(ended[name].snapshot(), one, length_us)
            if name.startswith(self._recurring)
            else one
            for name, one in ages.items()
        }
        return {name: one for name, one in found.items() if one}

    # The engine's thread.

    def _run(self) -> None:
        try:
            while not self._stop:
                self._interrupted = False
                if self._frozen:
                    self._rest()
                else:
                    self._drive()
                while self._commands:
                    ticket = self._commands.popleft()
                    began = time.perf_counter_ns()
                    ticket.value = ticket.command()
                    if began > self._window_started:  # it was not what opened the window
                        pause = time.perf_counter_ns() - began
                        self._longest_pause = max(self._longest_pause, pause)
                    ticket.done = True
        except BaseException as error:
            self.failure = error
        finally:
            self._close_all()
            self.finished = True

    def _rest(self) -> None:
        """Frozen: wait for a command and leave the sockets alone."""
        os.set_blocking(self._wake, True)
        os.eventfd_read(self._wake)

    def _end_batch(self, began: int) -> None:
        """All events of one call of epoll have been handled, since `began`."""
        if self._chore and not self._chore():
            self._chore = None
        if self._retry or self._held_back:
            self._open_more()
        pause = time.perf_counter_ns() - began
        if pause > self._longest_pause:
            self._longest_pause = pause

    def _timeout(self) -> float:
        """How long epoll may sleep: until something is due, or for ever (-1)."""
        if self._chore:
            return 0
        if self._held_back:
            return PACE_S
        return RETRY_S if self._retry else -1


def rss_bytes() -> int:
    """Resident memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * mmap.PAGESIZE
