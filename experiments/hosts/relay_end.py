"""Runs in containers: the two ends of the way by which load workers reach a Locust master that is
on another host.

`relay_end.py listen PORT` stands where the workers are, `relay_end.py connect PORT` beside the
master. What comes in at one end goes out at the other: both have their ends of connections, and
between them is a stream, which each one reads from its input and writes to its output. It has
frames: the number of a connection and the length of what follows, each in 4 bytes; nothing is the
connection's end. The first thing of all is GREETING, which is said back.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from threading import Lock, Thread

GREETING = b"c10k-way"
HERE = "127.0.0.1"
MOST = 65_536
HEAD = 8


class End:
    """One end: `connect` is a port of this container, to which what comes through is passed on."""

    def __init__(self, connect: int = 0) -> None:
        self._connect = connect
        self._socks: dict[int, socket.socket] = {}
        self._ended: set[int] = set()
        self._of_socks, self._of_output = Lock(), Lock()

    def listen(self, port: int) -> None:
        """For ever."""
        listener = socket.create_server(("", port))
        Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        number = 0
        while True:
            sock, _ = listener.accept()
            number += 1
            self._begin(number, sock)

    def _begin(self, number: int, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._of_socks:
            self._socks[number] = sock
        Thread(target=self._send, args=(number, sock), daemon=True).start()

    def _send(self, number: int, sock: socket.socket) -> None:
        """What the connection says, until its end."""
        some = b"?"
        while some:
            try:
                some = sock.recv(MOST)
            except OSError:
                some = b""  # a connection that is reset has ended
            self._frame(number, some)
        self._end(number)

    def _frame(self, number: int, data: bytes) -> None:
        with self._of_output:
            write(number.to_bytes(4, "big") + len(data).to_bytes(4, "big") + data)

    def pass_on(self) -> None:
        """What comes through the stream, until its end."""
        while head := exactly(HEAD):
            number, size = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
            if not size:
                self._end(number)
                continue
            data = exactly(size)
            sock = self._socks.get(number) or self._reach(number)
            with suppress(OSError):  # it has ended, which is said to the other end by itself
                if sock:
                    sock.sendall(data)

    def _reach(self, number: int) -> socket.socket | None:
        """The connection of this number, begun anew; None where it has ended, or cannot."""
        if not self._connect or number in self._ended:
            return None
        try:
            sock = socket.create_connection((HERE, self._connect))
        except OSError:
            self._frame(number, b"")
            return None
        self._begin(number, sock)
        return sock

    def _end(self, number: int) -> None:
        with self._of_socks:
            self._ended.add(number)
            sock = self._socks.pop(number, None)
        if sock:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


def exactly(size: int) -> bytes:
    """So many bytes of the stream; nothing at its end."""
    data = b""
    while len(data) < size:
        if not (more := os.read(0, size - len(data))):
            return b""
        data += more
    return data


def write(data: bytes) -> None:
    """To the stream."""
    while data:
        data = data[os.write(1, data) :]


def main(does: str, port: int) -> None:
    end = End(port if does == "connect" else 0)
    if does == "listen":
        end.listen(port)
    if exactly(len(GREETING)) == GREETING:
        write(GREETING)
        end.pass_on()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
