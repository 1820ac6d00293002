"""io_uring: not "tell me when I can", but "do it, and tell me when it is done".

How it works. Two queues lie in memory that the kernel and the server share. Into one the server
writes what it wants done: accept, receive, send. Out of the other it reads what has been done. One
system call, io_uring_enter, hands over everything that was asked for and waits for what comes.
Two things need to be asked for only once: `multishot` accept and receive complete again and again,
a completion for each connection, or piece of input, until they are cancelled or fail. Since it is
not known beforehand who will send, the buffers are not the connections' own: the kernel takes one
from a common ring when data has come, and the server gives it back when it has read it.

An answer is sent on one condition: at once and in full, or the kernel is to tell. Success is
silent, so a request is one completion and one entry. The last answer of a connection is the head
of a chain, send, cancel, close: the kernel closes without being asked again.

Where it breaks. What was asked for is under way, and its memory is not the server's until it is
completed: output must be kept, a descriptor may be closed and taken again while a completion for
its former owner is still coming, and a peer that sends but never reads is received from until the
kernel is told to stop. When the buffers run out, or the queue of completions does, a multishot
receive ends, and whoever forgets to ask again has a connection that is silent for ever. A reset
that comes together with data may not be told at all (seen on Linux 6.18). A multishot accept ends
when descriptors run out, and asking again at once would fail at once. All of that is code that a
readiness loop does not have (servers/io_uring/loop.py, multishot_accept.py, connection.py). And it
may be forbidden: Docker's default seccomp profile refuses it since engine 25. This server tries all
of it before it listens, and if it must give up, says why.

What it costs. Counted with strace on Linux 6.18: a request takes 1 system call with one connection,
0.2 with 8 and 0.025 with 64, where epoll_level takes 3.0, 2.1 and 2.0. A first version, in which
sends told of their success, took 2 with one connection: each wait was ended by the send before it.
Yet the processor time per request was at best some 15% less than under epoll_level with 64
connections, and no less with one. In a profile seven eighths of it is the kernel's, nearly all of
that TCP, which is the same whoever asks for it; and of what is saved in system calls Python spends
a part again, because each entry has to be packed and each completion unpacked.

Source. Kegel, "The C10K problem", asynchronous I/O; the man pages io_uring(7), io_uring_enter(2)
and those of liburing. frevib/io_uring-echo-server published 1.5 times epoll at 300 clients, in C;
its own readers contradict it.

Not shared with the HOWTO's listings: a peer that closes early completes its receive with nothing,
once, and is closed; one that resets ends its own connection; input that is not taken is bounded.
"""

from __future__ import annotations

import errno
import os
import socket

from servers.core.events import EventLog
from servers.core.exits import UnavailableError
from servers.core.settings import FOR_LOOPS, FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.io_uring.loop import CompletionServer
from servers.io_uring.ring import NOBODY, Ring

SINCE = "6.1"  # IORING_SETUP_DEFER_TASKRUN; multishot receive is one version older
TEST_S = 5.0  # in which the self-test must have ended


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop. Raises UnavailableError."""
    try:
        test()
        ring = Ring(settings.recv_bytes)
    except OSError as error:
        raise UnavailableError(explain(error)) from error
    server = CompletionServer(settings, log, ring)
    server.run()
    ring.end()  # while `server` still holds the output that may be under way


def test() -> None:
    """Accept a connection and receive from it, in the ways this server does. Raises OSError."""
    ring = Ring(1)
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ring.accept(listener.fileno(), NOBODY)
            with socket.create_connection(listener.getsockname(), TEST_S) as peer:
                fd = _result(ring)
                ring.receive(fd, NOBODY)
                peer.sendall(b"?")
                received = _result(ring)
                os.close(fd)
        if ring.buffers.memory[:received] != b"?":
            raise OSError(errno.EIO, "what was received is not what was sent")
    finally:
        ring.end()


def _result(ring: Ring) -> int:
    """Return the result of the next completion, of what is to go on by itself."""
    ring.wait(TEST_S)
    found = ring.completions()
    if not found:
        raise TimeoutError(errno.ETIMEDOUT, "the self-test has had no completion")
    _, result, flags = found[0]
    ring.seen(1)
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    if not flags & ring.GOES_ON:
        raise OSError(errno.EINVAL, "accept or receive does not go on by itself")
    return result


def explain(error: OSError) -> str:
    """Return what is missing, why, and what to do."""
    if error.errno in {errno.ENOSYS, errno.EPERM, errno.EACCES}:
        why = (
            "it is forbidden. Docker's default seccomp profile forbids it since engine 25: run"
            " the container with a profile that allows io_uring_setup, io_uring_enter and"
            " io_uring_register (--security-opt seccomp=FILE); outside a container, look at"
            " sysctl kernel.io_uring_disabled"
        )
    elif error.errno == errno.EINVAL:
        why = f"this kernel ({os.uname().release}) does not know all of it: Linux {SINCE} does"
    elif error.errno == errno.ENOMEM:
        why = "there is not enough memory, or memory that may be locked (ulimit -l)"
    else:
        why = "its self-test has failed"
    return f"io_uring cannot be used here ({error.strerror}): {why}"


VARIANT = Variant(
    idea="asks for work and is told when it is done (multishot accept and receive)",
    workers="1 thread",
    group=Group.COMPLETION,
    since=SINCE,
    ignores=FOR_LOOPS | FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL | {"cork"},
    serve=serve,
)
