"""Iterative: blocking calls, one connection at a time, for ever.

How it works. accept(), then read and write until that connection ends, then accept() again. No
thread, no readiness, no bookkeeping: the least code that can serve, and with a connection per
request the least work per request of all variants.

Where it breaks. Every call blocks, and while it blocks everyone waits: a peer that keeps its
connection open and says nothing holds up all others for as long as it likes. They pile up in the
accept queue, and when that is full, the kernel drops their SYNs (HOWTO, listen backlog queue
size): with a short backlog this server shows that first.

Source. Scot Doyle, "How To Use Linux epoll with Python", example 2, with persistent connections
added.

Not shared with the listing: there, a peer that closes early sends `while EOL1 not in request`
round for ever (recv returns nothing, again and again), a request is read without limit, and a
peer that resets raises out of the loop and ends the server for everyone.
"""

from __future__ import annotations

from servers.blocking.server import BlockingServer
from servers.core.events import EventLog
from servers.core.settings import FOR_LOOPS, FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    server = BlockingServer(settings, log)
    for fd in server.connections():
        server.serve_connection(fd)


VARIANT = Variant(
    idea="blocking calls, one connection at a time, served until it closes (HOWTO example 2)",
    workers="1 thread",
    group=Group.HOWTO,
    since="any",
    ignores=FOR_LOOPS | FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
