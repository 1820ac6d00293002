"""Prefork: blocking calls, and a fixed number of processes that share one listener.

How it works. The parent listens, and forks the workers before the first connection comes. Each
runs exactly what `iterative` runs: accept(), then read and write until that connection ends, then
accept() again. All of them sleep in accept() on the same socket, in one queue: for a connection
the kernel wakes one of them, the one that has slept longest, so that idle workers take turns.
Of 300 connections, one after another, three workers were seen to serve 100 each, in turns without
an exception. Nothing is forked, and no thread is started, as part of a request; no interpreter
lock is shared, so the workers compute on as many cores as there are.

Where it breaks. A worker belongs to its connection for as long as that lasts, and a peer that
keeps it open and says nothing takes one worker out of service: as many of those as there are
workers, and everyone else waits in the accept queue. That is `iterative` again, only later; the
number of workers is the number of connections that are served. Raising it costs memory: each
worker was seen to occupy 14 MB, or 4 if what they share is divided among those who share it. And
it costs the scheduler: a process for each of ten thousand connections is not the way.

What it is good for. A process that crashes takes one connection with it and leaves the others; a
new one is forked in its place. Nothing else that can be done with blocking calls is as robust.

Source. Kegel, "The C10K problem", where a process or a thread serves each client; the HOWTO's
text, after its second example, for a process for each connection. The order in which accept()
wakes: Cloudflare, "Why does one NGINX worker take all the load?".

Not shared with the HOWTO's second example: there, a peer that closes early sends the reading loop
round for ever (recv returns nothing, again and again), a request is read without limit, and a
peer that resets raises out of the loop and ends the server; with the listing's code in each
worker, as many such peers as there are workers would end the service.
"""

from __future__ import annotations

from collections.abc import Callable

from servers.blocking.server import BlockingServer
from servers.core.events import EventLog
from servers.core.listener import open_listener
from servers.core.settings import FOR_LOOPS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.http.routes import Routes
from servers.workers.processes import Workers

OWN_WORKERS = 32


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    listener, routes = open_listener(settings, blocking=True), Routes(settings)

    def prepare(log: EventLog) -> Callable[[], None]:
        server = BlockingServer(
            settings, log, listener, routes, wake=lambda: log.accepted(server.accepted)
        )

        def run() -> None:
            for fd in server.connections():
                server.serve_connection(fd)

        return run

    Workers(settings, log, settings.workers or OWN_WORKERS, listener, prepare).run()


VARIANT = Variant(
    idea="blocking calls, a fixed number of processes that accept and serve one connection each",
    workers=f"{OWN_WORKERS} processes, or as `workers` says",
    group=Group.POOLS,
    since="any",
    ignores=FOR_LOOPS | FOR_THREADS | FOR_SHARED_EPOLL,
    serve=serve,
)
