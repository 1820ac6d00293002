"""Accepting by a multishot accept, and by hand while descriptors are short.

The kernel looks for a descriptor before it looks for a connection. Asked to accept when there is
none, it fails at once, even with nobody waiting; asked again, it fails again. So a server without
descriptors has itself told of connections instead, and sheds them as all others do (listener.py),
until one has been accepted in the usual way.
"""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Callable

from servers.core.events import EventLog
from servers.core.listener import NO_DESCRIPTOR, NO_MEMORY, PAUSE_S, PEER_GONE, Acceptor
from servers.core.shutdown import shut
from servers.io_uring.ring import Ring

ACCEPT, LISTENER = 2, 4  # the keys of the completions
AT_ONCE = 64  # connections accepted by hand before the others have their turn


class MultishotAccept:
    """Hands each new connection to `add`, from the moment when it is made."""

    def __init__(
        self, ring: Ring, listener: socket.socket, log: EventLog, add: Callable[[int], None]
    ) -> None:
        """`listener` blocks: the kernel would not wait for a connection on one that does not."""
        self._ring = ring
        self._listener = listener
        self._add = add
        self._acceptor = Acceptor(listener, log)
        self._by_hand = False
        self._stopped = False
        ring.accept(listener.fileno(), ACCEPT)

    def stop(self) -> None:
        """Accept no more, and refuse connections from now on."""
        self._stopped = True
        # Closing would not be enough: what has been asked for keeps the socket open.
        shut(self._listener.fileno(), socket.SHUT_RDWR)
        self._listener.close()

    def accepted(self, result: int, goes_on: bool) -> None:
        """Take a connection, or the error in its place, that the kernel has accepted."""
        if result >= 0:
            # The limit that the kernel goes by is the one of when the accept was asked for.
            if result < resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
                self._add(result)
            else:
                os.close(result)
                self._by_hand = True
                self._ring.cancel(ACCEPT)
        elif -result in NO_DESCRIPTOR:
            self._by_hand = True
        elif -result in NO_MEMORY:
            time.sleep(PAUSE_S)
        elif -result not in PEER_GONE and not (self._stopped or self._by_hand):
            raise OSError(-result, os.strerror(-result))
        if not goes_on and not self._stopped:
            self._ask()

    def by_hand(self, _result: int, _goes_on: bool) -> None:
        """Accept, shedding what cannot be kept; connections are waiting."""
        if self._stopped:
            return
        try:
            for _ in range(AT_ONCE):
                self._accept_one()
        except BlockingIOError:
            pass  # nothing is waiting any more
        self._ask()

    def _accept_one(self) -> None:
        """Accept or shed one connection. Raises BlockingIOError if nothing is waiting."""
        try:
            fd, _address = self._acceptor.accept()
        except BlockingIOError:
            raise
        except OSError as error:
            self._by_hand = True
            recovered = self._acceptor.recover(error)
            if recovered is not None:
                self._add(recovered)
        else:
            self._by_hand = False
            self._add(fd)

    def _ask(self) -> None:
        self._listener.setblocking(not self._by_hand)
        if self._by_hand:
            self._ring.watch(self._listener.fileno(), LISTENER)
        else:
            self._ring.accept(self._listener.fileno(), ACCEPT)
