"""uvloop, streams: the same coroutine as asyncio_streams, on a loop written in C and Cython.

How it works. The loop reads and writes as in uvloop_protocol; but streams are the standard
library's, in Python, whatever the loop (servers/asyncio_/streams.py). Each read still is copied
into a buffer, sets a future, schedules a task, and is cut out of the buffer again.

Where it breaks. So a fast loop helps streams least: its part of a request is the smaller one.
With 1,000 connections 17 us of processor time per request were seen, against 10 us for
uvloop_protocol; asyncio's protocols, on the slower loop but without streams, are as fast where
their receive buffer costs nothing (12 us, see asyncio_protocol). Whoever wants uvloop's speed
wants its protocols. Memory is that of asyncio_streams: 5.8 KB were seen for an idle connection.

Source. uvloop's README; in its chart for 1 KiB, read by eye, streams have 44 thousand requests a
second against 17.5 on asyncio's loop, and protocols still are more than twice as fast (106).

Not shared with the HOWTO's listings: a peer that closes early ends its coroutine, as does one that
resets; a request is read up to a limit, and what waits to be read is bounded.
"""

from __future__ import annotations

from servers.asyncio_.server import FOR_TRANSPORTS, AsyncioServer
from servers.asyncio_.streams import stream
from servers.core.events import EventLog
from servers.core.settings import Settings
from servers.core.variant import Group, Variant


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    import uvloop

    AsyncioServer(settings, log, stream).run(uvloop.new_event_loop)


VARIANT = Variant(
    idea="the coroutines of asyncio_streams on uvloop's loop (libuv)",
    workers="1 thread",
    group=Group.LOOPS,
    since="2.6",
    ignores=FOR_TRANSPORTS,
    serve=serve,
)
