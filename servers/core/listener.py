"""The listening socket, and accepting from it when descriptors run out.

A descriptor is held in reserve. When accept() fails because none is left, the connection would
stay in the accept queue and a level-triggered loop would spin on it for ever. Instead the reserve
is given up for a moment, the connection is accepted in its place and closed, and the reserve is
taken back: the peer learns at once that the server is full, and everyone else is served.
"""

from __future__ import annotations

import errno
import os
import resource
import socket
import sys
import time
from collections.abc import Iterator
from typing import Protocol, cast

from servers.core.events import EventLog
from servers.core.exits import StartError
from servers.core.settings import Settings

NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE})
NO_MEMORY = frozenset({errno.ENOBUFS, errno.ENOMEM})
# accept(2), "Error handling": Linux hands over errors that are already pending on the new
# connection; they belong to that connection, and the next one may be fine.
PEER_GONE = frozenset(
    {
        errno.ECONNABORTED,
        errno.EPROTO,
        errno.EPERM,
        errno.ENETDOWN,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.ENONET,
        errno.EHOSTUNREACH,
        errno.EOPNOTSUPP,
        errno.ENETUNREACH,
    }
)
PAUSE_S = 0.01  # when the kernel has no memory for a socket, or the reserve could not be kept


def is_shut(error: Exception) -> bool:
    """Whether accept() has raised this because another process has shut a shared listener."""
    return isinstance(error, OSError) and error.errno == errno.EINVAL


class ListenError(StartError):
    """The address that the settings name cannot be listened on."""


def open_listener(settings: Settings, *, blocking: bool, reuse_port: bool = False) -> socket.socket:
    """Return a TCP socket that listens as the settings say. Raises ListenError."""
    listener = bind_socket(settings, reuse_port=reuse_port)
    try:
        listener.listen(settings.backlog)
        listener.setblocking(blocking)
    except OSError as error:
        listener.close()
        raise _refusal(settings, error) from error
    return listener


def bind_socket(settings: Settings, *, reuse_port: bool) -> socket.socket:
    """Return a TCP socket that has the address and port of the settings, and takes no connection
    until it listens. Raises ListenError.
    """
    try:
        return _bind(settings, reuse_port)
    except OSError as error:
        raise _refusal(settings, error) from error


def _bind(settings: Settings, reuse_port: bool) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if settings.nodelay:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited
        if reuse_port:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def _refusal(settings: Settings, error: OSError) -> ListenError:
    return ListenError(
        f"cannot listen on {settings.host} port {settings.port}: {error.strerror};"
        " choose another --host or --port"
    )


class _RawListener(Protocol):
    """The half of socket.accept() that is written in C."""

    def _accept(self) -> tuple[int, object]: ...


class Acceptor:
    """Accepts connections as bare descriptors, and survives what accept() can raise."""

    def __init__(self, listener: socket.socket, log: EventLog) -> None:
        self._listener = listener
        self._log = log
        self._reserve: int | None = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        # socket.accept() wraps the descriptor in a second Python object and asks two questions
        # about timeouts; the variants work on descriptors, so it would be built for nothing.
        self.accept = cast("_RawListener", listener)._accept

    def arrivals(self, most: int = sys.maxsize) -> Iterator[int]:
        """Accept connections, at most so many; yield the descriptors of those that can be kept.

        Raises BlockingIOError when nothing is waiting (non-blocking listener), and another OSError
        when the listener is of no use any more.
        """
        accept = self.accept
        for _ in range(most):
            try:
                fd, _address = accept()
            except BlockingIOError:
                raise
            except OSError as error:
                recovered = self.recover(error)
                if recovered is None:
                    continue
                fd = recovered
            yield fd

    def close(self) -> None:
        """Close the listener and the reserve, in a forked process that accepts nothing."""
        self._listener.close()
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None

    def recover(self, error: OSError) -> int | None:
        """Deal with what accept() raised; return a descriptor after all, or None.

        Raises BlockingIOError when nothing is waiting (non-blocking listener), and `error`
        itself when the listener is of no use any more (closed, or shut down to stop).
        """
        if error.errno in NO_DESCRIPTOR:
            return self._accept_with_reserve()
        if error.errno in NO_MEMORY:
            time.sleep(PAUSE_S)
        elif error.errno not in PEER_GONE:
            raise error
        return None

    def _accept_with_reserve(self) -> int | None:
        if self._reserve is None:
            time.sleep(PAUSE_S)  # another thread or process has taken it: never spin
        else:
            os.close(self._reserve)
            self._reserve = None
        accepted: int | None = None
        try:
            accepted, _ = self.accept()
        except OSError as error:
            if error.errno not in NO_DESCRIPTOR | NO_MEMORY | PEER_GONE:
                raise  # nothing was waiting, or the listener has ended
        finally:
            # A blocking accept may have waited long enough for a descriptor to become free:
            # whoever can keep both the reserve and the connection has no reason to refuse it.
            if not self._take_reserve() and accepted is not None:
                os.close(accepted)
                accepted = None
                self._take_reserve()
                self._tell()
        return accepted

    def _take_reserve(self) -> bool:
        if self._reserve is None:
            try:
                self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                if error.errno not in NO_DESCRIPTOR | NO_MEMORY:
                    raise
        return self._reserve is not None

    def _tell(self) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._log.limit(
            "nofile",
            soft,
            f"no descriptor is left (soft limit {soft}): new connections are closed at once"
            " until one is free; raise the nofile limit of the server",
        )
