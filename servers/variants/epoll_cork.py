"""epoll with TCP_CORK: nothing leaves in partial segments while a response is being written.

How it works. As `epoll_level`, with one thing added. TCP_CORK on a socket tells the kernel to send
full segments only; what does not fill one waits for more to be written, for the cork to be pulled,
or for 200 ms at most (tcp(7)). The server corks before it writes and pulls the cork after: however
many writes it needs for the responses to what it has read, they leave as one stream of full
segments and a last short one, at once.

What it buys. Fewer segments, for a server that writes in pieces: head and body, or a response for
each of many pipelined requests. Only then: with `split_writes` off, this server joins all of that
into one write anyway, and there is nothing left to hold back. Holding a piece back is what
Nagle's algorithm does too, but that waits for the peer's acknowledgement, which the peer may delay
by some 40 ms; the cork waits for a word of the server.

Where it breaks. The word costs system calls, which a joined write does not need: two setsockopt a
write, and from Python a getsockname as well, asked when a socket object is made for a descriptor
(counted with strace -c). A server that forgets to pull the cork is 200 ms late. And all that
limits `epoll_level` limits this.

Source. Scot Doyle, "How To Use Linux epoll with Python", example 5, for pipelining; Kegel, "The
C10K problem", on small frames; tcp(7).

Not shared with the listing, which is example 3 with the option added: there, on a peer that closes
early, the loop spins, a request is read without limit, and a peer that resets raises out of the
loop and ends the server for everyone.
"""

from __future__ import annotations

from dataclasses import replace

from servers.core.events import EventLog
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.readiness.loop import ReadinessServer
from servers.variants.epoll_level import EpollReadiness


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    ReadinessServer(replace(settings, cork=True), log, EpollReadiness()).run()


VARIANT = Variant(
    idea="epoll_level that corks each connection while it writes to it (HOWTO example 5)",
    workers="1 thread",
    group=Group.HOWTO,
    since="2.6",
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL | {"cork"},  # it is always on
    serve=serve,
)
