"""epoll with TCP_NODELAY: each write leaves at once, as a segment of its own.

How it works. As `epoll_level`, with Nagle's algorithm switched off. That algorithm lets one small
segment be on its way at a time: while it is not acknowledged, further small writes wait, and leave
together. TCP_NODELAY sends each as soon as it is written. It is set once, on the listening socket,
as in the listing: on Linux the connections inherit it, so no connection pays a system call for it.

What it buys. Time, for a server that writes a response in two pieces: the second one waits for the
acknowledgement of the first, the peer delays that in the hope of something to send along with it,
and the client sees some 40 ms (the kernel's TCP_DELACK_MIN) for a response that took a fraction of
one. `split_writes` on shows it. With one write for all responses to what was read, as is usual
here, nothing small is left to wait, and the option changes nothing.

Where it breaks. A server that writes in many small pieces sends as many small segments, each with
its headers and its interrupt. TCP_CORK, or one write, is the better cure for a response that is
ready; TCP_NODELAY is for pieces that are not ready together, a keystroke or a tick, where the
HOWTO places it. And all that limits `epoll_level` limits this.

Source. Scot Doyle, "How To Use Linux epoll with Python", example 6; tcp(7).

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
    ReadinessServer(replace(settings, nodelay=True), log, EpollReadiness()).run()


VARIANT = Variant(
    idea="epoll_level without Nagle's algorithm: each write leaves at once (HOWTO example 6)",
    workers="1 thread",
    group=Group.HOWTO,
    since="2.6",
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL | {"nodelay"},  # it is always on
    serve=serve,
)
