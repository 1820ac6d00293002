"""epoll, edge-triggered: each change is told once, and what is left to do is the server's to know.

How it works. To level-triggered epoll a connection is in a state, readable or not, and a call
returns those that are. With EPOLLET a call returns those that something has happened to since the
last one: bytes came, room for output came, the peer ended. What is not read now is not told of
again. In return a connection can be registered once, for input and output together, and then be
left alone: a full socket needs no epoll_ctl to ask for room, because room that comes is a change.

Where it breaks. Whatever is forgotten stays forgotten. A loop must read until there is no more,
accept until there is no more, write until the kernel says no, and yet may not stay with one peer
that sends faster than it reads. So it keeps a list of what is unfinished and goes round it
(servers/readiness/edge.py): the very list that level-triggered epoll keeps in the kernel. A read
that brings less than it asked for was the last one, which spares the read that fails; but if the
peer's end came with those bytes, both were one change. EPOLLRDHUP tells of that, and without it the
connection would stay for ever.

What it costs. For a request that comes and a response that leaves in one piece: a read, a write,
and a share of epoll_wait, the same three as `epoll_level` (counted with strace -c: one of each on
one connection; 64 that ask at once share the third). Both register once, so the difference is in
what does not leave at once: there `epoll_level` calls epoll_ctl twice, this server never. The
listing of example 3 pays those two calls for every response. To be rid of them helps a little and
no more, as Gammo and others found (see below).

Source. Scot Doyle, "How To Use Linux epoll with Python", example 4; Kegel, "The C10K problem",
among the kinds of readiness change notification; epoll(7), questions and answers; Gammo, Brecht,
Shukla and Pariag, "Comparing and Evaluating epoll, select, and poll Event Mechanisms", 2004.

Not shared with the listing: there, a peer that closes early keeps the loop for ever inside `while
True: recv`, which then returns nothing and does not raise; one that sends without end keeps it
there as well, and its request is kept without limit. Nor are two epoll_ctl calls made a request.
"""

from __future__ import annotations

import select

from servers.core.events import EventLog
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.readiness.edge import EdgeServer
from servers.variants.epoll_level import EpollReadiness


class EdgeReadiness(EpollReadiness):
    """`Readiness` by epoll, edge-triggered."""

    first_events = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET

    def watch_output(self, fd: int) -> None:
        """Do nothing: room for output is told of anyway."""

    def watch_input(self, fd: int) -> None:
        """Do nothing: so is input."""


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    EdgeServer(settings, log, EdgeReadiness()).run()


VARIANT = Variant(
    idea="the kernel tells of each change once; registered once and for all (HOWTO example 4)",
    workers="1 thread",
    group=Group.HOWTO,
    since="2.6.17",  # EPOLLRDHUP; EPOLLET came with 2.6
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
