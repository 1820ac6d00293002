"""A server on an event loop that somebody else wrote: asyncio's, or one that takes its place.

asyncio and uvloop offer the same interface, so what serves on one serves on the other, and the
variants differ in the loop alone. Here is what surrounds the connections: the listener, the end.
What is done for each of them is a protocol (protocols.py) or a coroutine (streams.py).

MultishotAccept is the lab's own, as in all variants. asyncio's servers call listen() and accept()
themselves: when descriptors run out, they log it and accept nothing for a second, and those who
have connected meanwhile wait unserved. The transport of an accepted connection is made by the
loop's own `connect_accepted_socket`, in a task: that is also what asyncio's servers do.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from servers.core.events import EventLog
from servers.core.idle_timeout import IdleCheck
from servers.core.listener import Acceptor, open_listener
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.shutdown import SWEEP_S, StopSignal, is_idle
from servers.core.writing import adapt_write
from servers.http.responder import ResponseCache
from servers.http.routes import Routes

FOR_TRANSPORTS = FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL | {"nodelay"}
"""What a variant on such a loop ignores. Both loops set TCP_NODELAY on every connection."""


class Live(Protocol):
    """A connection, as the server that stops sees it."""

    def hold(self) -> None:
        """Read nothing for a moment."""

    def stop(self) -> None:
        """End now if nothing is in flight. Otherwise go on, until the next response or call."""

    def abort(self) -> None:
        """End now."""


class AsyncioServer:
    """Serves all connections in the loop of the calling thread."""

    def __init__(
        self,
        settings: Settings,
        log: EventLog,
        connected: Callable[[AsyncioServer], asyncio.BaseProtocol],
    ) -> None:
        """Listen. `connected` makes what the transport of a new connection reports to."""
        self.settings = settings
        self.log = log
        self.routes = Routes(settings)
        self.answers = ResponseCache(self.routes)
        self.live: set[Live] = set()  # everyone adds and removes itself
        self.stopping = False
        self._connected = partial(connected, self)
        self._arriving: set[asyncio.Task[None]] = set()
        self._listener = open_listener(settings, blocking=False)
        self._kind = self._listener.family, self._listener.type, self._listener.proto
        self._acceptor = Acceptor(self._listener, log)
        self._idle = IdleCheck(settings.idle_timeout_ms)

    def run(self, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        """Serve until SIGTERM or SIGINT, then until what is in flight has ended."""
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(self._serve())

    @staticmethod
    def rests(transport: asyncio.WriteTransport) -> bool:
        """Whether nothing waits to be read from the peer, or by it."""
        return not transport.get_write_buffer_size() and is_idle(
            transport.get_extra_info("socket").fileno()
        )

    def fit(self, transport: Any) -> None:
        """Have a transport keep no output by itself, and read with the buffer of all servers.

        asyncio reads 256 KiB at a time if nobody says otherwise; uvloop has a buffer of its own.
        """
        transport.set_write_buffer_limits(0)
        if hasattr(transport, "max_size"):
            transport.max_size = self.settings.recv_bytes

    def write_to(self, transport: asyncio.WriteTransport) -> Callable[[bytes], None]:
        """Return the function that writes as the settings say, `transport.write` if nothing."""
        return adapt_write(self.settings, transport.write, transport.get_extra_info("socket"))

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._tell)
        self._ending = self._loop.create_future()
        await self._warm_up()
        # Made only now: uvloop has signals written to a descriptor of its own when it starts.
        self._stop_signal = StopSignal()
        self._loop.add_reader(self._stop_signal.fd, self._signalled)
        self._loop.add_reader(self._listener.fileno(), self._accept)
        if self._idle.interval_s:
            self._look()
        self.log.listening(self._listener.getsockname()[1], self.settings.backlog)
        try:
            grace_s = await self._ending
            self._accept(self.settings.backlog + 1)  # whoever waits would be reset
        finally:
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
        await self._wind_down(grace_s)

    async def _warm_up(self) -> None:
        """Have the loop open what it opens for its first connection (libuv: a descriptor that it
        keeps in reserve), while there are still descriptors.
        """
        one, other = socket.socketpair()
        with other:
            one.setblocking(False)
            transport, _ = await self._loop.connect_accepted_socket(asyncio.Protocol, one)
            transport.abort()
        await asyncio.sleep(0)  # it is closed now

    async def _wind_down(self, grace_s: float) -> None:
        self.stopping = True
        self.answers.end()  # so that each connection ends with its next response
        self._ending = self._loop.create_future()  # of a second signal
        for connection in self.live.copy():
            connection.hold()
        deadline = self._loop.time() + grace_s
        pause_s = 0.0  # at first: coroutines that were woken to answer do that
        while (self.live or self._arriving) and not self._ending.done():
            if self._loop.time() >= deadline:
                break
            await asyncio.sleep(pause_s)
            for connection in self.live.copy():
                connection.stop()
            pause_s = SWEEP_S
        while self.live:
            for connection in self.live.copy():
                connection.abort()
            await asyncio.sleep(0)

    def _signalled(self) -> None:
        self._stop_signal.take()
        if not self._ending.done():
            self._ending.set_result(self.settings.grace_ms / 1000)

    def _accept(self, most: int = 0) -> None:
        try:
            for fd in self._acceptor.arrivals(most or self.settings.accepts_per_wakeup):
                task = self._loop.create_task(self._welcome(fd))
                self._arriving.add(task)  # the loop alone would not keep it alive
                task.add_done_callback(self._arriving.discard)
        except BlockingIOError:
            return
        except Exception as error:  # the listener is of no use any more: the end of the server
            self._loop.remove_reader(self._listener.fileno())
            if not self._ending.done():
                self._ending.set_exception(error)

    async def _welcome(self, fd: int) -> None:
        handle = socket.socket(*self._kind, fileno=fd)
        handle.setblocking(False)
        await self._loop.connect_accepted_socket(self._connected, handle)

    def _look(self) -> None:
        self._idle.look()
        self._loop.call_later(self._idle.due_in_s, self._look)

    def _tell(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """In place of the loop's own handler, which would print: tell what ended a connection."""
        error = context.get("exception") or RuntimeError(context["message"])
        if not isinstance(error, OSError):  # an OSError is the peer's: reset, gone
            self.log.fault(error)
