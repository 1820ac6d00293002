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
readiness loop does not have (servers/io_uring/loop.py, accepting.py, pending.py). And it may be
forbidden: Docker's default seccomp profile refuses it since engine 25. This server tries all of it
before it listens, and if it must give up, says why.

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
import select
import socket
from typing import TYPE_CHECKING

from servers.core.category import Group
from servers.core.exits import UnavailableError
from servers.core.settings import FOR_LOOPS, FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS
from servers.io_uring.buffers import BufferRing
from servers.io_uring.loop import CompletionServer
from servers.io_uring.queues import Queues, address

if TYPE_CHECKING:
    from servers.core.events import EventLog
    from servers.core.settings import Settings

IDEA = "asks for work and is told when it is done (multishot accept and receive)"
WORKERS = "1 thread"
GROUP = Group.COMPLETION
SINCE = "6.1"  # IORING_SETUP_DEFER_TASKRUN; multishot receive is one version older
IGNORES = FOR_LOOPS | FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL | {"cork"}

ENTRIES = 4096  # of the submission queue; the completion queue has twice as many
GROUP_ID = 0  # of the buffers
CHAIN = 3  # entries that must be handed over together
NOBODY = 0  # completions that nobody waits for
TEST_S = 5.0  # in which the self-test must have ended
POLL, ACCEPT, CANCEL, CLOSE, SEND, RECEIVE = 6, 13, 14, 19, 26, 27  # operations
LINK, HARD_LINK, SELECT_BUFFER, SILENT = 1 << 2, 1 << 3, 1 << 5, 1 << 6  # flags of an entry
ACCEPT_ALL, RECEIVE_ALL = 1 << 0, 1 << 1  # multishot, where other operations have a priority
WHOLE = socket.MSG_WAITALL | socket.MSG_NOSIGNAL  # a short send is continued by the kernel
AT_ONCE = WHOLE | socket.MSG_DONTWAIT  # or it fails


class Ring:
    """The queues, and a method for each thing that can be asked for.

    Nothing is done before the next `wait`, which hands over all that was asked for at once.
    """

    WITH_BUFFER, GOES_ON = 1 << 0, 1 << 1  # flags of a completion
    USUAL = WITH_BUFFER | GOES_ON
    BUFFER_SHIFT = 16

    def __init__(self, recv_bytes: int) -> None:
        """Raises the OSError of the kernel if there can be no ring."""
        queues = self._queues = Queues(ENTRIES)
        self.buffers = BufferRing(queues.fd, GROUP_ID, recv_bytes)
        self.overflowed = queues.overflowed
        self.completions, self.seen = queues.completions, queues.seen

    def wait(self, seconds: float) -> None:
        """Hand over what was asked for; wait for a completion, for ever if `seconds` is 0."""
        try:
            self._queues.enter(1, seconds)
        except OSError as error:
            # The time is over; a signal has come; completions must be taken, or memory freed,
            # before more can be handed over. What was not handed over will be the next time.
            if error.errno not in {errno.ETIME, errno.EINTR, errno.EBUSY, errno.EAGAIN}:
                raise

    def look(self) -> None:
        """Hand over what was asked for, and do not wait."""
        self._queues.enter(0)

    def accept(self, listener: int, key: int) -> None:
        """Accept all connections, a completion each."""
        self._queues.ask(ACCEPT, listener, key, options=socket.SOCK_CLOEXEC, priority=ACCEPT_ALL)

    def receive(self, fd: int, key: int) -> None:
        """Receive all input, a completion and a buffer for each piece."""
        self._queues.ask(RECEIVE, fd, key, SELECT_BUFFER, priority=RECEIVE_ALL, group=GROUP_ID)

    def watch(self, fd: int, key: int) -> None:
        """Tell, once, that a descriptor has become readable."""
        self._queues.ask(POLL, fd, key, options=select.POLLIN)

    def send(self, fd: int, output: bytes, key: int) -> None:
        """Send output, which must stay as it is until that is completed."""
        self._queues.ask(SEND, fd, key, 0, address(output), len(output), WHOLE)

    def send_at_once(self, fd: int, output: bytes, key: int) -> None:
        """The same, and tell only if not all could be sent at once."""
        self._queues.ask(SEND, fd, key, SILENT, address(output), len(output), AT_ONCE)

    def cancel(self, key: int) -> None:
        """Ask for an early end of what was asked for under this key."""
        self._queues.ask(CANCEL, -1, NOBODY, SILENT, key)

    def send_and_close(self, fd: int, output: bytes, key: int, receive: int) -> None:
        """Send at once, then close; if not all can be sent at once, close nothing, and tell."""
        self._queues.make_room(CHAIN)
        length = len(output)
        self._queues.ask(SEND, fd, key, LINK | SILENT, address(output), length, AT_ONCE)
        self.close(fd, receive)

    def close(self, fd: int, receive: int) -> None:
        """Close a connection; the receive under that key would keep it open, and is cancelled."""
        self._queues.make_room(CHAIN - 1)
        # A hard link: there may be no receive any more, and the descriptor is to be closed anyway.
        self._queues.ask(CANCEL, -1, NOBODY, HARD_LINK | SILENT, receive)
        self._queues.ask(CLOSE, fd, NOBODY, SILENT)

    def end(self) -> None:
        """End the ring, and whatever it has been asked for."""
        self._queues.end()


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
