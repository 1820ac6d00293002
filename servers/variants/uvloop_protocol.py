"""uvloop, protocols: the same protocol as asyncio_protocol, on a loop written in C and Cython.

How it works. uvloop is libuv, the loop of Node.js, under asyncio's interface. Nothing of this
server changes but the loop (servers/asyncio_/protocols.py). libuv waits, reads into one buffer that
all connections share, and Cython makes a bytes object of the size that came; the write goes to the
kernel at once. Between the kernel and `data_received` no Python code is run, so that what is left
of a request is what epoll_level does too: a look-up, and the call that writes.

Where it breaks. As every loop in one thread: one blocking call holds up all connections. It is a
library to install, with a release for each Python. Like asyncio it sets TCP_NODELAY on its own
account. And it opens descriptors of its own: an epoll set, a ring of io_uring with which libuv
changes that set, pipes for signals, and one in reserve for when descriptors run out, which libuv
would use to close waiting connections without a word; here accepting is the lab's.

Source. uvloop's README: 2 to 4 times asyncio; its chart for 1 KiB, read by eye, has 106 thousand
requests a second against 43 for asyncio's protocols. Seen here, in processor time per request:
with 64 connections hardly less than asyncio's, some 8 us, with 1,000 less than half (10 us against
26); most of that difference is asyncio's receive buffer (asyncio_protocol).

Not shared with the HOWTO's listings: an early close and a reset are callbacks of their own and
end one connection; a request is read up to a limit; nothing is read from a peer that reads nothing.
"""

from __future__ import annotations

from servers.asyncio_.protocols import Connection
from servers.asyncio_.server import FOR_TRANSPORTS, AsyncioServer
from servers.core.events import EventLog
from servers.core.settings import Settings
from servers.core.variant import Group, Variant


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    import uvloop

    AsyncioServer(settings, log, Connection).run(uvloop.new_event_loop)


VARIANT = Variant(
    idea="the protocol of asyncio_protocol on uvloop's loop (libuv)",
    workers="1 thread",
    group=Group.LOOPS,
    since="2.6",
    ignores=FOR_TRANSPORTS | {"recv_bytes"},
    serve=serve,
)
