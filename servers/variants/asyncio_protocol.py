"""asyncio, protocols: the standard library's event loop, which calls back for each connection.

How it works. The loop keeps epoll behind an interface. Each connection has two objects: a
transport, which belongs to the loop and reads and writes, and a protocol, which is this server's
and is told what happened (servers/asyncio_/protocols.py): data came, the peer does not read, the
peer has gone. A request costs the same two system calls as with epoll by hand, a read and a write;
what is added is Python: a handle that is queued for each ready descriptor, taken from the queue,
and run in a context of its own, before the transport reads and calls the protocol.

Where it breaks. As epoll does: one blocking call holds up all connections, one thread uses one
core. And in its buffer, if it is left as it comes: asyncio asks for 256 KiB at each read and gives
back what the request did not fill. Whether that is cheap is up to the C library's heap. With 64
connections it was; with 1,000, each read was seen to map a piece of memory, to shrink it and to
unmap it: three system calls more, and more than twice the processor time per request. Nor does the
heap take all of it back: a server that had met 100,000 hostile inputs was 14% larger than before.
Here a transport reads with the buffer of all servers (`recv_bytes`), so that the loops differ and
not their buffers; uvloop has one for all connections.

Source. Kegel, "The C10K problem", state machines. uvloop's README compares loops and interfaces:
in its chart for 1 KiB asyncio's protocols have more than twice the rate of its streams.

Not shared with the HOWTO's listings: an early close and a reset are callbacks of their own and
end one connection; a request is read up to a limit; nothing is read from a peer that reads nothing.
What asyncio's own servers do without descriptors, log and accept nothing for a second, is not
shared either: accepting is the lab's (servers/asyncio_/server.py).
"""

from __future__ import annotations

import asyncio

from servers.asyncio_.protocols import Connection
from servers.asyncio_.server import FOR_TRANSPORTS, AsyncioServer
from servers.core.events import EventLog
from servers.core.settings import Settings
from servers.core.variant import Group, Variant


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    AsyncioServer(settings, log, Connection).run(asyncio.new_event_loop)


VARIANT = Variant(
    idea="asyncio's loop calls back for each connection: transports and protocols",
    workers="1 thread",
    group=Group.LOOPS,
    since="2.6",
    ignores=FOR_TRANSPORTS,
    serve=serve,
)
