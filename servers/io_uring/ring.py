"""The operations of an io_uring: a method for each thing that a server asks for."""

from __future__ import annotations

import errno
import select
import socket

from servers.io_uring.buffers import BufferRing
from servers.io_uring.queues import Queues, address

NOBODY = 0  # the key of completions that nobody waits for
ENTRIES = 4096  # of the submission queue; the completion queue has twice as many
GROUP_ID = 0  # of the buffers
CHAIN = 3  # entries that must be handed over together
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
