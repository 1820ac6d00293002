"""Thread per connection: the same blocking calls, but each connection has a thread to block.

How it works. The main thread accepts and starts a thread; that runs exactly what `iterative`
runs, and ends with its connection. The kernel's scheduler is the event loop, and the state of a
connection is simply where its thread stands in the code.

Where it breaks. Each connection costs a stack and a place in the scheduler. Kegel's page counts
512 threads on a 32-bit machine with stacks of 2 MB; with 64 bits and `thread_stack_bytes` it is
memory really touched, the pids limit and vm.max_map_count that count. In CPython only one thread
runs at a time: each one that wakes up waits for the interpreter lock, which shows in the highest
percentiles first. With a connection per request, starting a thread is part of each request.

Why the switch interval is long. A thread that waits for the interpreter wakes up every interval
to ask for it, 5 ms by default. A thousand waiting threads then do little else than ask: on CPython
3.13 they were seen to answer 20 times fewer requests than with 50 ms. Threads here give the
interpreter up at every system call, so nobody has to ask. `switch_interval_us` 5000 shows it.

Source. The HOWTO's text, after its second example; Kegel, "The C10K problem", a thread per client
with blocking calls.

Not shared with the HOWTO's listings: a peer that resets or vanishes ends its own thread and
nothing else; a thread that cannot be started costs that connection, not the server.
"""

from __future__ import annotations

import sys
import threading
from _thread import start_new_thread

from servers.blocking.server import BlockingServer
from servers.core.events import EventLog
from servers.core.settings import FOR_LOOPS, FOR_POOLS, FOR_SHARED_EPOLL, Settings
from servers.core.variant import Group, Variant


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    server = BlockingServer(settings, log)
    sys.setswitchinterval(settings.switch_interval_us / 1e6)
    threading.stack_size(settings.thread_stack_bytes)
    for fd in server.connections():
        try:
            # threading.Thread.start() waits until the thread has begun: two context switches
            # for each connection. The bare thread ends with the process, as is wanted here.
            start_new_thread(server.serve_connection, (fd,))
        except (RuntimeError, MemoryError):
            server.close(fd)
            log.limit(
                "threads",
                threading.active_count(),
                "cannot start one thread more: new connections are closed at once until one"
                " ends; raise the pids limit, or lower thread_stack_bytes",
            )


VARIANT = Variant(
    idea="blocking calls, a thread for each connection (HOWTO, after example 2)",
    workers="1 thread per connection",
    group=Group.NAMED,
    since="any",
    ignores=FOR_LOOPS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
