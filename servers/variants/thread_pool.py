"""Thread pool: blocking calls, and as many threads as one has decided to afford.

How it works. The threads are started once. One more accepts and hands each connection over by a
queue; a thread takes one, runs on it what `iterative` runs, and holds it until it ends. So no
connection pays for the start of a thread, and the memory for stacks is known beforehand.

Where the others wait. When all threads are busy, the acceptor stops accepting. Then the kernel's
accept queue is the only queue there is: its length is the `backlog`, its overflow is visible in
the kernel's counters, and no connection holds a descriptor and memory here only in order to wait.
(The other way, to accept all and queue them inside, hides the same waiting where nobody counts.)

Where it breaks. A thread is held by a connection, not by a request. As many clients as there are
threads that keep their connection open, or read slowly, or send a byte now and then, and all
others stand still, however idle the processor is: a slow client costs a worker (Kegel). Under
overload it is unfair: who has a thread is served at once, again and again, and who has none waits
for somebody to leave; the median stays fine, and the maximum is a matter of luck. More threads
push the wall away (`workers`), and with enough of them this is `thread_per_connection`.

Source. Kegel, "The C10K problem", one thread with each client, and blocking calls; the HOWTO's
text, after its second example, for the threads; SEDA, whose case against the bounded pool is its
unfairness.

Not shared with the HOWTO's listings: a peer that resets or vanishes gives its thread back; one
that is silent does so after `idle_timeout_ms`, if that is set.
"""

from __future__ import annotations

from functools import partial
from queue import SimpleQueue

from servers.blocking.server import BlockingServer
from servers.core.events import EventLog
from servers.core.settings import FOR_LOOPS, FOR_SHARED_EPOLL, Settings
from servers.core.variant import Group, Variant
from servers.workers.pool import start_pool

OWN_WORKERS = 32


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    accepted: SimpleQueue[int] = SimpleQueue()
    ended: SimpleQueue[None] = SimpleQueue()
    server = BlockingServer(settings, log, wake=partial(ended.put, None))

    def work() -> None:
        while True:
            server.serve_connection(accepted.get())
            ended.put(None)

    threads = start_pool(settings, log, OWN_WORKERS, work)
    for _ in range(threads - 1):
        ended.put(None)  # so many may be busy when the next connection is accepted
    for fd in server.connections():
        accepted.put(fd)
        ended.get()


VARIANT = Variant(
    idea="a fixed number of threads, each with one connection until it ends",
    workers=f"{OWN_WORKERS} threads, or as `workers` says",
    group=Group.POOLS,
    since="any",
    ignores=FOR_LOOPS | FOR_SHARED_EPOLL,
    serve=serve,
)
