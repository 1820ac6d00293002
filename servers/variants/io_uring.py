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
readiness loop does not have (servers/completion.py, accepting.py, pending.py). And it may be
forbidden: Docker's default seccomp profile refuses it since engine 25. This server tries all of it
before it listens, and if it must give up, says why.

What it costs. Counted with strace on Linux 6.18: a request takes 1 system call with one connection,
0.2 with 8 and 0.025 with 64, where epoll_level takes 3.0, 2.1 and 2.0. A first version, in which
sends told of their success, took 2 with one connection: each wait was ended by the send before it.
Yet the processor time per request was at best some 15% less than under epoll_level with 64
connections, and no less with one. In a profile seven eighths of it is the kernel's, nearly all of
that TCP, which is the same whoever asks for it; and of what is saved in system calls Python spends
a part again, because each completion and each entry is an object with attributes, and an error is
an exception.

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

from servers.buffers import BufferRing
from servers.completion import CompletionServer
from servers.exits import UnavailableError
from servers.group import Group
from servers.settings import FOR_LOOPS, FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liburing import SQE, Cqe

    from servers.events import EventLog
    from servers.settings import Settings

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


class Ring:
    """The queues, and a method for each thing that can be asked for.

    Nothing is done before the next `wait`, which hands over all that was asked for at once.
    """

    WHOLE = socket.MSG_WAITALL | socket.MSG_NOSIGNAL  # a short send is continued by the kernel
    AT_ONCE = WHOLE | socket.MSG_DONTWAIT  # or it fails

    def __init__(self, recv_bytes: int) -> None:
        """Raises UnavailableError, or the OSError of the kernel, if there can be no ring."""
        try:
            import liburing as lib
        except ImportError as error:
            raise UnavailableError(f"the `liburing` package cannot be imported: {error}") from error
        self._lib = lib
        self.queues = lib.Ring()
        self._completion = lib.Cqe()
        self._timeouts: dict[float, lib.Timespec] = {}
        # With these flags the kernel works for this ring in this thread's system calls alone:
        # there is nobody to be interrupted by, and no memory that changes meanwhile.
        flags = lib.IORING_SETUP_SINGLE_ISSUER | lib.IORING_SETUP_DEFER_TASKRUN
        lib.io_uring_queue_init(ENTRIES, self.queues, flags | lib.IORING_SETUP_SUBMIT_ALL)
        self.buffers = BufferRing(self.queues.ring_fd, GROUP_ID, recv_bytes)
        # For the hot loop: the binding's own functions and numbers.
        self.get_entry, self.prepare_send = lib.io_uring_get_sqe, lib.io_uring_prep_send
        self.WITH_BUFFER, self.GOES_ON = lib.IORING_CQE_F_BUFFER, lib.IORING_CQE_F_MORE
        self.USUAL = self.WITH_BUFFER | self.GOES_ON
        self.BUFFER_SHIFT, self.SILENT = lib.IORING_CQE_BUFFER_SHIFT, lib.IOSQE_CQE_SKIP_SUCCESS

    def entry(self, count: int = 1) -> SQE:
        """Return the next entry of the submission queue, with room for `count` in all."""
        if self._lib.io_uring_sq_space_left(self.queues) < count:
            self._lib.io_uring_submit(self.queues)
        entry = self.get_entry(self.queues)
        if entry is None:
            raise BufferError("the submission queue is full although it has been submitted")
        return entry

    def wait(self, seconds: float) -> None:
        """Hand over what was asked for; wait for a completion, for ever if `seconds` is 0."""
        try:
            if not seconds:
                self._lib.io_uring_submit_and_wait(self.queues, 1)
                return
            if seconds not in self._timeouts:
                self._timeouts[seconds] = self._lib.timespec(seconds)
            self._lib.io_uring_submit_and_wait_timeout(
                self.queues, self._completion, 1, self._timeouts[seconds]
            )
        except OSError as error:
            # The time is over; a signal has come; completions must be taken, or memory freed,
            # before more can be handed over. What was not handed over will be the next time.
            if error.errno not in {errno.ETIME, errno.EINTR, errno.EBUSY, errno.EAGAIN}:
                raise

    def look(self) -> None:
        """Hand over what was asked for, and do not wait."""
        self._lib.io_uring_submit_and_get_events(self.queues)

    def overflowed(self) -> bool:
        """Whether there are completions that the queue had no room for; they come next."""
        return self._lib.io_uring_cq_has_overflow(self.queues)

    def ready(self) -> tuple[int, Cqe]:
        """Return how many completions are there, and where each is found in its turn, at 0."""
        return self._lib.io_uring_cq_ready(self.queues), self._completion

    def completions(self) -> Iterator[int]:
        """Go through the completions that are there."""
        return self._lib.CqeIter(self.queues, self._completion)

    def seen(self, count: int) -> None:
        """Give the entries of so many completions back to the kernel."""
        self._lib.io_uring_cq_advance(self.queues, count)

    def accept(self, listener: int, key: int) -> None:
        """Accept all connections, a completion each."""
        entry = self.entry()
        self._lib.io_uring_prep_multishot_accept(entry, listener, None, socket.SOCK_CLOEXEC)
        entry.user_data = key

    def receive(self, fd: int, key: int) -> None:
        """Receive all input, a completion and a buffer for each piece."""
        entry = self.entry()
        self._lib.io_uring_prep_recv_multishot(entry, fd)
        entry.flags = self._lib.IOSQE_BUFFER_SELECT
        self._lib.io_uring_sqe_set_buf_group(entry, GROUP_ID)
        entry.user_data = key

    def watch(self, fd: int, key: int) -> None:
        """Tell, once, that a descriptor has become readable."""
        entry = self.entry()
        self._lib.io_uring_prep_poll_add(entry, fd, select.POLLIN)
        entry.user_data = key

    def send(self, fd: int, output: bytes, key: int) -> None:
        """Send output, which must stay as it is until that is completed."""
        entry = self.entry()
        self.prepare_send(entry, fd, output, self.WHOLE)
        entry.user_data = key

    def cancel(self, key: int) -> None:
        """Ask for an early end of what was asked for under this key."""
        entry = self.entry()
        self._lib.io_uring_prep_cancel64(entry, key)
        entry.flags = self.SILENT
        entry.user_data = NOBODY

    def send_and_close(self, fd: int, output: bytes, key: int, receive: int) -> None:
        """Send at once, then close; if not all can be sent at once, close nothing, and tell."""
        entry = self.entry(CHAIN)
        self.prepare_send(entry, fd, output, self.AT_ONCE)
        entry.flags = self._lib.IOSQE_IO_LINK | self.SILENT
        entry.user_data = key
        self.close(fd, receive)

    def close(self, fd: int, receive: int) -> None:
        """Close a connection; the receive under that key would keep it open, and is cancelled."""
        entry = self.entry(CHAIN - 1)
        self._lib.io_uring_prep_cancel64(entry, receive)
        # A hard link: there may be no receive any more, and the descriptor is to be closed anyway.
        entry.flags = self._lib.IOSQE_IO_HARDLINK | self.SILENT
        entry.user_data = NOBODY
        entry = self.entry()
        self._lib.io_uring_prep_close(entry, fd)
        entry.flags = self.SILENT
        entry.user_data = NOBODY

    def end(self) -> None:
        """End the ring, and whatever it has been asked for."""
        self._lib.io_uring_queue_exit(self.queues)


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
    count, completion = ring.ready()
    if not count:
        raise TimeoutError(errno.ETIMEDOUT, "the self-test has had no completion")
    next(ring.completions())
    result, flags = completion[0].res, completion[0].flags
    ring.seen(1)
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
