"""What all loads do with a bare socket: read why it failed, end it without a trace."""

from __future__ import annotations

import _socket
import errno
import fcntl
import os
import sys
import termios

NON_BLOCKING_STREAM = _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK
AT_ONCE = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""SO_LINGER on, 0 s."""
TCP_INFO_BYTES = 216
SEGS_IN = slice(140, 144)
MIN_RTT = slice(148, 152)
NO_RTT = 2**32 - 1
BYTES_SENT, BYTES_RETRANS = slice(200, 208), slice(208, 216)
"""Places in Linux's struct tcp_info (include/uapi/linux/tcp.h); bytes_sent is there since 4.19."""
ERRORS = {
    errno.ECONNREFUSED: "connect_refused",
    errno.ETIMEDOUT: "connect_timeout",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.EADDRNOTAVAIL: "out_of_ports",
    errno.EMFILE: "out_of_descriptors",
    errno.ENFILE: "out_of_descriptors",
    errno.ENOBUFS: "out_of_memory",
    errno.ENOMEM: "out_of_memory",
}


def error_kind(code: int) -> str:
    """The kind of error that this errno is counted as."""
    return ERRORS.get(code) or errno.errorcode.get(code, str(code)).lower()


def reset_on_close(sock: _socket.socket) -> None:
    """Whoever closes first keeps the port in TIME_WAIT for a minute, unless it resets."""
    sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, AT_ONCE)


def reset_descriptor_on_close(fd: int) -> None:
    """The same for a connection that is known by its descriptor."""
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, fd)
    try:
        reset_on_close(sock)
    finally:
        sock.detach()


def acknowledge(sock: _socket.socket) -> None:
    """Acknowledge now what has come: by Nagle's rule the peer may be waiting to send more."""
    sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_QUICKACK, 1)


def acknowledge_descriptor(fd: int) -> None:
    """The same for a connection that is known by its descriptor."""
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, fd)
    try:
        acknowledge(sock)
    finally:
        sock.detach()


def segments_received(fd: int) -> int:
    """Segments that came on a connection so far, modulo 2^32."""
    return int.from_bytes(_tcp_info(fd)[SEGS_IN], sys.byteorder)


def bytes_sent(fd: int) -> int:
    """Bytes that were sent on a connection so far, each once."""
    info = _tcp_info(fd)
    sent, again = (
        int.from_bytes(info[part], sys.byteorder) for part in (BYTES_SENT, BYTES_RETRANS)
    )
    return sent - again


def round_trip_us(fd: int) -> int | None:
    """The shortest round trip that the kernel has timed on a connection, its handshake's too; None
    where it has timed none."""
    found = int.from_bytes(_tcp_info(fd)[MIN_RTT], sys.byteorder)
    return None if found == NO_RTT else found


def _tcp_info(fd: int) -> bytes:
    sock = _socket.socket(fileno=fd)
    try:
        return sock.getsockopt(_socket.IPPROTO_TCP, _socket.TCP_INFO, TCP_INFO_BYTES)
    finally:
        sock.detach()


def peek(fd: int) -> bytes:
    """All that has come and was not read; it stays there."""
    size = int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)
    if not size:
        return b""
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, fd)
    try:
        return sock.recv(size, _socket.MSG_PEEK)
    finally:
        sock.detach()


def require_established(fd: int) -> None:
    """Raise BlockingIOError while a connection is being opened, OSError when that has failed."""
    sock = _socket.socket(fileno=fd)
    try:
        code = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
        if not code:
            sock.getpeername()
    except OSError as error:
        code = errno.EAGAIN if error.errno == errno.ENOTCONN else error.errno or errno.EIO
    finally:
        sock.detach()
    if code:
        raise OSError(code, os.strerror(code))
