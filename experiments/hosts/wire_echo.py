"""Runs in a container on the server's host: gives back what comes, by TCP and by UDP.

`wire_echo.py UDP_PORT TCP_PORT...`. A connection that begins with GIVE gets MEBIBYTES instead,
after their number of bytes in 8.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from threading import Thread

GIVE = b"g"
MEBIBYTES = 32
MIB = 2**20


def serve(connection: socket.socket) -> None:
    """One connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, suppress(OSError):
        while some := connection.recv(1):
            if some == GIVE:
                connection.sendall((MEBIBYTES * MIB).to_bytes(8, "big"))
                for _ in range(MEBIBYTES):
                    connection.sendall(bytes(MIB))
                return
            connection.sendall(some)


def datagrams(sock: socket.socket) -> None:
    """For ever."""
    while True:
        some, peer = sock.recvfrom(64)
        sock.sendto(some, peer)


def listen(port: int) -> None:
    """For ever."""
    with socket.create_server(("", port)) as listener:
        while True:
            Thread(target=serve, args=listener.accept()[:1], daemon=True).start()


def main(udp: int, *tcp: int) -> None:
    for port in tcp:
        Thread(target=listen, args=(port,), daemon=True).start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", udp))
        datagrams(sock)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
