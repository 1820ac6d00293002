"""asyncio, streams: a coroutine per connection, which reads as blocking code does.

How it works. `await reader.read()` stands where a thread would block. The coroutine is suspended
there, and the loop resumes it when there is something to read: a switch inside one thread, at
places that the code shows, so that nothing needs a lock. Streams are built on protocols
(asyncio_protocol): a protocol of asyncio's own collects what was read, sets a future, and the
future's callback resumes the task, one turn of the loop after the data came: a connection that is
alone on the server was seen to cost two epoll_wait per request.

Where it breaks. As asyncio_protocol does. What comes on top is a task, a
reader, a writer and a buffer for each connection (5.9 KB for an idle one were seen, 1.9 KB with a
protocol) and a copy and a switch for each read. `await writer.drain()` after each write, as the
documentation writes it, is a coroutine made and run to find that there is nothing to wait for:
this server asks the transport first whether it keeps anything.

Source. Kegel, "The C10K problem", state machines and generators: a coroutine is a state machine
that the compiler writes. uvloop's README measures streams and protocols side by side.

Not shared with the HOWTO's listings: a peer that closes early ends its coroutine, as does one that
resets; a request is read up to a limit, and what waits to be read is bounded. Not shared with
asyncio's own `start_server`: what it does when descriptors run out (servers/asyncio_/server.py).
"""

from __future__ import annotations

import asyncio

from servers.asyncio_.server import FOR_TRANSPORTS, AsyncioServer
from servers.asyncio_.streams import stream
from servers.core.events import EventLog
from servers.core.settings import Settings
from servers.core.variant import Group, Variant


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    AsyncioServer(settings, log, stream).run(asyncio.new_event_loop)


VARIANT = Variant(
    idea="a coroutine per connection on asyncio's loop: reader and writer",
    workers="1 thread",
    group=Group.LOOPS,
    since="2.6",
    ignores=FOR_TRANSPORTS,
    serve=serve,
)
