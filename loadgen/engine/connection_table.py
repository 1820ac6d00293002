"""The connections that an engine has, by their descriptors: which they are, and how they stand.

All methods belong to the engine's thread but `gauges`, which any thread may call.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque

from contract.result.window import Gauges
from loadgen.answers.judge import Begun, Judge
from loadgen.answers.wrong import FramingError, WrongAnswerError
from loadgen.engine.measures import Exchange, IdleEnds, Target
from loadgen.engine.rate_limiter import RateLimiter
from loadgen.engine.recorder import Recorder
from loadgen.engine.sockets import error_kind, reset_descriptor_on_close
from loadgen.engine.source_addresses import SourceAddresses
from loadgen.engine.unpatched import epoll

RETRY_S = 0.01
TOO_MUCH = "more came than was asked for"
RECV_BYTES = 65_536
"""At most so many at once."""


class ConnectionTable:
    """Active and idle connections to one server."""

    def __init__(self, target: Target) -> None:
        active = target.active
        self.address = target.address
        self._in_flight = target.in_flight
        self.active_exchange = active
        self.idle_exchange = target.idle or active
        self.idle_silent = False
        self.pace = RateLimiter(0)
        self.sources = SourceAddresses()
        self._held_back = False  # by the pace, with room in flight
        # Idle connections that have gone silent, for whoever looks after them.
        self.gone_silent: deque[int] = deque()
        self._active_judge = active.judge()
        self._idle_judge = self.idle_exchange.judge()
        # Short reads are cheaper.
        self._recv_bytes = min(max(active.room, self.idle_exchange.room), RECV_BYTES)
        self.connect = Recorder()
        self.first_response = Recorder()
        self.errors: Counter[str] = Counter()
        self.first_wrong = ""
        """What was wrong with the first wrong answer."""
        self._epoll = epoll()
        # Time of the last response; 0 until the first, which sends it the slow way.
        self._since: list[int] = [0] * 1_024
        self._opened: dict[int, int] = {}
        self._connecting: dict[int, bool] = {}
        self._idle: set[int] = set()
        self._idle_fresh: set[int] = set()
        self._active: set[int] = set()
        # Answers that have begun, where they come in parts.
        self._partial: dict[int, Begun] = {}
        # Of idle connections: since when they are silent; how long those were that have ended.
        self._silent_since: dict[int, int] = {}
        self._idle_closed_us: list[int] = []
        self._idle_to_open = 0
        self._active_to_open = 0
        self._active_wanted = 0
        self._idle_failed = 0
        self._retry: deque[int] = deque()

    @property
    def round_trip_us(self) -> int | None:
        """To the server, the shortest that was timed when its answers were learnt."""
        timed = (one.round_trip_us for one in self.exchanges)
        return min((one for one in timed if one is not None), default=None)

    @property
    def round_trip_s(self) -> float:
        """The same in s; 0 where none was timed."""
        return (self.round_trip_us or 0) / 1e6

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What the active connections ask, one or several."""
        return (self.active_exchange,)

    def gauges(self) -> Gauges:
        return Gauges(
            len(self._idle) - len(self._idle_fresh),
            self._idle_failed,
            len(self._active),
            self._active_wanted,
            len(self._connecting),
        )

    @property
    def idle(self) -> set[int]:
        """Descriptors of the idle connections that are established and have gone silent."""
        return self._idle - self._idle_fresh

    def is_idle(self, fd: int) -> bool:
        """Whether this is an idle connection, established and silent."""
        return fd in self._idle and fd not in self._idle_fresh

    def opened_ns(self, fd: int) -> int:
        """When this connection was begun: tells it from an earlier one with its number."""
        return self._opened[fd]

    def idle_ends(self) -> IdleEnds:
        """How the server ended idle connections so far; a command."""
        now = time.perf_counter_ns()
        silent = [now - self._silent_since[fd] for fd in self.idle]
        return IdleEnds(tuple(self._idle_closed_us), max(silent, default=0) // 1_000)

    # For the subclasses.

    def _first(self, _fd: int) -> bytes | None:
        """What an active connection sends first; None: nothing, until it is asked to."""
        return self.active_exchange.request

    def _opening(self, fd: int) -> None:
        """An active connection has its descriptor and is being opened."""

    def _gone(self, fd: int) -> None:
        """An active connection is about to be closed, at whatever stage."""

    def _judge(self, fd: int) -> Judge:
        """Who judges what comes on this connection."""
        return self._idle_judge if fd in self._idle else self._active_judge

    def _answers(self, fd: int, data: bytes, owed: int = 1) -> int:
        """How many answers end in `data`; -1 if it is wrong, or more than is owed."""
        try:
            count, begun = self._judge(fd).read(self._partial.pop(fd, None), data)
        except WrongAnswerError as error:
            self.first_wrong = self.first_wrong or str(error)
            return -1
        if begun is not None:
            self._partial[fd] = begun
        return count if count + (begun is not None) <= owed else -1

    def _cut_short(self, fd: int) -> str:
        """What is wrong where the connection ends now; empty if that ends a right answer."""
        begun = self._partial.pop(fd, None)
        try:
            if begun is not None:
                begun.end()
                return ""
        except FramingError:
            pass
        except WrongAnswerError as error:
            self.first_wrong = self.first_wrong or str(error)
            return "wrong_answer"
        return "closed_early"

    def _asked(self, fd: int) -> bool:
        """Whether an answer may come on this established connection."""
        return fd not in self._idle or fd in self._idle_fresh

    # Inside.

    def _failed(self, code: int, *, idle: bool, kind: str | None = None) -> None:
        """Count an attempt that failed; an active connection is tried again."""
        kind = kind or error_kind(code)
        if idle:
            self._idle_failed += 1
            self.errors["idle_" + kind] += 1
        else:
            self.errors[kind] += 1
            self._retry_later()

    def _retry_later(self) -> None:
        """Open another active connection in a moment."""
        self._retry.append(time.perf_counter_ns() + int(RETRY_S * 1e9))

    def _discard(self, fd: int, *, idle: bool) -> None:
        if idle:
            self._idle.discard(fd)
            self._idle_fresh.discard(fd)
        else:
            self._active.discard(fd)
            self._gone(fd)
        self._partial.pop(fd, None)
        os.close(fd)

    def _close_all(self) -> None:
        """Close every connection, with a reset."""
        for fd in self._idle | self._active | self._connecting.keys():
            reset_descriptor_on_close(fd)
            os.close(fd)
        self._epoll.close()
