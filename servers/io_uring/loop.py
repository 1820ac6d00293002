"""The event loop of io_uring: one thread, one ring, and an answer sent for each completion.

It is to completion what servers/readiness/loop.py is to readiness: everything but the mechanism,
which is a `Ring`. The path of a usual request is one loop body: take the completion, look the
answer up, ask for it to be sent. What was asked for is handed to the kernel all at once, by the
call that waits for the next completions. A connection is an integer, its key; only while something
is pending a `PendingConnection` stands in for it.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable

from servers.core.events import EventLog
from servers.core.idle_timeout import IdleCheck
from servers.core.listener import open_listener
from servers.core.settings import Settings
from servers.core.shutdown import LINGER_S, StopSignal
from servers.http.responder import Answer, Ending, ResponseCache
from servers.http.routes import Routes
from servers.io_uring.connection import PendingConnection
from servers.io_uring.multishot_accept import ACCEPT, LISTENER, MultishotAccept
from servers.io_uring.ring import Ring

State = PendingConnection | None
"""What stands for a connection while something is pending, or nothing at all."""

SWEEP_S = 0.05  # between two looks at deadlines, while there are any

# What a completion belongs to: a small number, or the key of a connection. A key is never used
# twice, so a late completion is not taken for one of the next connection with that descriptor.
# Its lowest bit tells a send from a receive.
STOP = 6  # and see multishot_accept.py
SEND = 1
SERIAL_SHIFT = 25
DESCRIPTOR_MASK = (1 << SERIAL_SHIFT - 1) - 1
CLOSED = object()  # in place of the state of a connection that is none any more


class CompletionServer:
    """Serves all connections in the calling thread."""

    def __init__(self, settings: Settings, log: EventLog, ring: Ring) -> None:
        self.routes = Routes(settings)
        self._settings = settings
        self._log = log
        self._ring = ring
        self._answers = ResponseCache(self.routes)
        self._live: dict[int, State] = {}
        self._sent: dict[int, bytes] = {}  # output by key, since the last wait
        self._before: dict[int, bytes] = {}  # the same, until that wait
        # Those whose next input came upon a send that was not known yet to be done.
        self._unconfirmed: list[PendingConnection] = []
        self._deadlines: dict[int, float] = {}  # of lingering connections, oldest first
        self._serial = 0
        self._listener = open_listener(settings, blocking=True)
        self._accepting = MultishotAccept(ring, self._listener, log, self._add)
        self._stop_signal = StopSignal()
        self._grace_deadline: float | None = None
        self._at_rest = False  # since the signal: the last turn brought nothing
        self._own: dict[int, Callable[[int, bool], None]] = {
            ACCEPT: self._accepting.accepted,
            LISTENER: self._accepting.by_hand,
            STOP: self._stop,
        }
        ring.watch(self._stop_signal.fd, STOP)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then until what is in flight has ended."""
        self._log.listening(self._listener.getsockname()[1], self._settings.backlog)
        idle = IdleCheck(self._settings.idle_timeout_ms)
        while not self._ended():
            if self.stopping:
                self._at_rest = not self.turn(SWEEP_S, wait=self._in_flight())
                self._drop_overdue()
            elif self._deadlines:
                self.turn(SWEEP_S)
                self._drop_overdue()
            else:
                self.turn(idle.interval_s)
            if idle.interval_s:
                idle.look()

    def turn(self, seconds: float, *, wait: bool = True) -> int:
        """Have done what was asked for, and answer to the completions that are there then; return
        how many.

        A send tells of itself only if it could not be completed at once; so all others have been
        when this returns, unless there were more completions than the queue could take.
        """
        if self._unconfirmed or not wait:
            self._ring.look()
        else:
            self._ring.wait(seconds)
        self._before, unconfirmed = self._sent, self._unconfirmed
        self._sent, self._unconfirmed = {}, []
        if self._ring.overflowed():
            self._sent, self._unconfirmed, unconfirmed = dict(self._before), unconfirmed, []
            for key in self._before.keys() & self._live.keys():
                self._pending(key)
        count = self._handle()
        for connection in unconfirmed:
            connection.confirmed()
        return count

    def _handle(self) -> int:
        ring, live, answers, sent = self._ring, self._live, self._answers, self._sent
        send, shift, usual = ring.send_at_once, ring.BUFFER_SHIFT, ring.USUAL
        memory, size = ring.buffers.memory, ring.buffers.size
        split = self.routes.split_writes
        used: list[int] = []
        completions = ring.completions()
        for key, result, flags in completions:
            try:
                if flags & usual != usual or live.get(key, CLOSED) is not None or key in sent:
                    self._special(key, result, flags, used)
                    continue
                number = flags >> shift
                used.append(number)
                start = number * size
                data = memory[start : start + result]
                answered = answers[data]
                if answered is None or answered[1] or split:
                    self._answer(key, data, answered)
                    continue
                sent[key] = output = answered[0]
                send(key >> 1 & DESCRIPTOR_MASK, output, key | SEND)
            except Exception as error:
                self._failed(key, error)
        ring.seen(len(completions))
        ring.buffers.give_back(used)
        return len(completions)

    def _special(self, key: int, result: int, flags: int, used: list[int]) -> None:
        """Deal with a completion that is not input of a connection with nothing pending."""
        ring, connection = self._ring, key & ~SEND
        data = b""
        if flags & ring.WITH_BUFFER:
            used.append(flags >> ring.BUFFER_SHIFT)
            start = used[-1] * ring.buffers.size
            data = ring.buffers.memory[start : start + result]
        if key in self._own:
            self._own[key](result, bool(flags & ring.GOES_ON))
        elif key & SEND and connection in self._before:
            self._sent_in_part(connection, result)
        elif connection in self._live:
            if key & SEND:
                self._pending(connection).sent(result)
            else:
                goes_on = bool(flags & ring.GOES_ON)
                self._pending(connection).received(result, data, goes_on)

    def _answer(self, key: int, data: bytes, answered: Answer | None) -> None:
        """Answer to input in another way than by a send that the connection survives."""
        if answered is None:
            self._pending(key).received(len(data), data, goes_on=True)
        elif answered[1] is Ending.CLOSE and not self.routes.split_writes:
            del self._live[key]
            self._sent[key] = answered[0]
            self._ring.send_and_close(self.descriptor(key), answered[0], key | SEND, key)
        else:
            self._pending(key).answer(*answered)

    def _sent_in_part(self, key: int, result: int) -> None:
        """Deal with a send that could not be completed at once, of which all was expected."""
        output = self._before.pop(key)
        self._sent.pop(key, None)
        ending = Ending.OPEN if key in self._live else Ending.CLOSE
        self._live.setdefault(key, None)
        if result >= 0 or -result == errno.EAGAIN:
            self._pending(key).go_on_sending(output[max(result, 0) :], ending)
        else:
            self._pending(key).failed()  # the peer has reset the connection, or has gone

    def _pending(self, key: int) -> PendingConnection:
        """Return what stands for a connection while something is pending."""
        state = self._live[key]
        if state is None:
            state = self._live[key] = PendingConnection(self, key, waits=key in self._sent)
            if key in self._sent:
                self._unconfirmed.append(state)
        return state

    def _failed(self, key: int, error: Exception) -> None:
        """End the connection that an exception came from; every other one goes on."""
        if key in self._own:
            raise error
        if not isinstance(error, OSError):  # an OSError is the peer's: reset, gone
            self._log.fault(error)
        if key & ~SEND in self._live:
            self._pending(key & ~SEND).drop()

    @property
    def stopping(self) -> bool:
        """Whether the server has been told to stop."""
        return self._grace_deadline is not None

    def descriptor(self, key: int) -> int:
        """Return the descriptor of a connection."""
        return key >> 1 & DESCRIPTOR_MASK

    def receive(self, key: int) -> None:
        """Have all input of a connection received, until further notice."""
        self._ring.receive(self.descriptor(key), key)

    def stop_receiving(self, key: int) -> None:
        """Ask for an end of that; input that is under way still comes."""
        self._ring.cancel(key)

    def send(self, key: int, output: bytes) -> None:
        """Have output sent; whoever asks keeps it until that has ended."""
        self._ring.send(self.descriptor(key), output, key | SEND)

    def stop_sending(self, key: int) -> None:
        """Ask for an end of that."""
        self._ring.cancel(key | SEND)

    def is_reset(self, key: int) -> bool:
        """Whether the peer has reset the connection."""
        handle = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=self.descriptor(key))
        try:
            return handle.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
        finally:
            handle.detach()

    def expect_end(self, key: int) -> None:
        """Close a connection in a while, unless its peer does so before."""
        self._deadlines[key] = time.monotonic() + LINGER_S

    def forget(self, key: int) -> None:
        """Take a connection back that has nothing pending."""
        self._live[key] = None

    def close(self, key: int) -> None:
        """Close a connection of which nothing is being sent."""
        self._live.pop(key, None)
        self._deadlines.pop(key, None)
        self._ring.close(self.descriptor(key), key)

    def _add(self, fd: int) -> None:
        self._serial += 1
        key = self._serial << SERIAL_SHIFT | fd << 1
        self._live[key] = None
        self.receive(key)

    def _stop(self, _result: int, _goes_on: bool) -> None:
        self._stop_signal.take()
        grace_s = 0.0 if self.stopping else self._settings.grace_ms / 1000  # a second signal: now
        if not self.stopping:
            self._accepting.stop()
            self._answers.end()  # so that each connection ends with its next response
        self._grace_deadline = time.monotonic() + grace_s
        self._ring.watch(self._stop_signal.fd, STOP)

    def _ended(self) -> bool:
        """Whether all has been answered that had come, or the grace time is over."""
        if self._grace_deadline is None:
            return False
        done = self._at_rest and not self._in_flight()
        return done or time.monotonic() >= self._grace_deadline

    def _in_flight(self) -> bool:
        return any(it is not None and it.in_flight for it in self._live.values())

    def _drop_overdue(self) -> None:
        now = time.monotonic()
        for key in [key for key, deadline in self._deadlines.items() if deadline <= now]:
            self._pending(key).drop()
