"""SO_REUSEPORT: an event loop in each of several processes, and a listener for each on one port.

How it works. With SO_REUSEPORT set on all of them, several sockets may listen on the same address
and port. Each worker opens its own, so each has an accept queue that nobody else looks into: no
worker wakes up in vain, and none waits for another's lock. The kernel chooses the listener when
the SYN arrives, by a hash of the addresses and ports of both ends: by chance, that is, and chance
is fair. Of 600 connections to three workers 195, 198 and 207 were seen to go to each, whether
they came in a burst or one by one.

Where it breaks. The hash does not know who is busy. A connection that falls to a worker that is
held up by a slow computation, or by a blocking call, waits behind it while the next worker may
have nothing to do: like the queues at the tills of a shop, and unlike the single queue of
`prefork_epoll`. On average nothing is lost, but the longest waits get longer: Cloudflare measured
a mean of 31 ms against 30, and a deviation of 25 against 1.6. A worker that dies takes the
connections in its accept queue with it. The backlog is a listener's, so the port has as many
times that as there are workers. And nothing tells that an address is taken: a second server of
the same user that sets the option as well gets a share of the connections without a word.

How the port is kept. The parent binds it, with the option and without listening, before it forks:
so the port is known when the kernel chooses it, it stays ours while a worker is replaced, and a
socket that does not listen gets no connection to lose.

Source. socket(7), SO_REUSEPORT, and the kernel's commit da5e36308d9, which brought it in order to
spread connections evenly where a shared accept() was seen to skew them up to 3:1; Cloudflare,
"Why does one NGINX worker take all the load?".

Not shared with the HOWTO's third example, which each worker's loop descends from: there, a peer
that closes early makes the loop spin, a request is read without limit, and a peer that resets
raises out of the loop and ends the server for everyone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from servers.core.events import EventLog
from servers.core.listener import bind_socket, open_listener
from servers.core.settings import FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.http.routes import Routes
from servers.readiness.loop import ReadinessServer
from servers.variants.epoll_level import EpollReadiness
from servers.workers.processes import Workers, telling

OWN_WORKERS = 2


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    bound, routes = bind_socket(settings, reuse_port=True), Routes(settings)
    own = replace(settings, port=bound.getsockname()[1])

    def prepare(log: EventLog) -> Callable[[], None]:
        listener = open_listener(own, blocking=False, reuse_port=True)
        return telling(ReadinessServer(own, log, EpollReadiness(), listener, routes), log)

    Workers(settings, log, settings.workers or OWN_WORKERS, bound, prepare).run()


VARIANT = Variant(
    idea="processes with an event loop and a listener each, on one port (SO_REUSEPORT)",
    workers=f"{OWN_WORKERS} processes, or as `workers` says",
    group=Group.POOLS,
    since="3.9",
    ignores=FOR_THREADS | FOR_SHARED_EPOLL,
    serve=serve,
)
