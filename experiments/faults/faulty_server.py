"""A server that ends or hangs when it is told to: `python3 -c THIS WHEN:WHAT`, in a container.

It answers like the lab's own on keep-alive connections until then. WHEN is `at_once`, `asked` (by
the first request), `verified` (both requests of a load worker's verification are answered),
`loaded` (while it answers a load) or `left` (the load has closed all its connections). WHAT is
`exit_3`, `exit_0`, `hang` or `out_of_memory`. The standard library only.
"""

import os
import select
import socket
import sys
import time

HOST, PORT = "0.0.0.0", 8080  # noqa: S104 - the pod's own namespace; nothing is published
BODY = b"Hello, world!"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + BODY
END = b"\r\n\r\n"
VERIFIED = 2
LOADED = 200
LOADED_S = 0.3
PIECE = 2**20


def do(what: str) -> None:
    """End or hang as `what` says."""
    if what.startswith("exit_"):
        os._exit(int(what[-1]))
    hoard = []
    while True:
        if what == "out_of_memory":
            hoard.append(b"x" * PIECE)
        else:
            time.sleep(1)


class Server:
    """Answers until it is time."""

    def __init__(self, when: str, what: str) -> None:
        self.when, self.what = when, what
        self.listener = socket.create_server((HOST, PORT), backlog=1_024)
        self.epoll = select.epoll()
        self.epoll.register(self.listener, select.EPOLLIN)
        self.connections: dict[int, socket.socket] = {}
        self.answered = self.loaded_ns = 0

    def serve(self) -> None:
        """Never returns."""
        while True:
            for fd, _events in self.epoll.poll():
                if fd == self.listener.fileno():
                    connection, _ = self.listener.accept()
                    self.connections[connection.fileno()] = connection
                    self.epoll.register(connection, select.EPOLLIN)
                    continue
                try:
                    self.answer(fd)
                except OSError:
                    self.leave(fd)

    def answer(self, fd: int) -> None:
        """All that came on a connection."""
        requests = self.connections[fd].recv(65_536).count(END)
        if not requests:
            self.leave(fd)
        elif self.is_time():
            do(self.what)
        else:
            self.answered += requests
            self.connections[fd].sendall(ANSWER * requests)

    def leave(self, fd: int) -> None:
        """The peer has closed."""
        self.epoll.unregister(fd)
        self.connections.pop(fd).close()
        if self.when == "left" and self.answered > LOADED and not self.connections:
            do(self.what)

    def is_time(self) -> bool:
        """Whether a request is the last straw."""
        if self.when == "loaded" and self.answered > LOADED:
            self.loaded_ns = self.loaded_ns or time.monotonic_ns()
            return time.monotonic_ns() - self.loaded_ns > LOADED_S * 1e9
        return self.when == "asked" or (self.when == "verified" and self.answered >= VERIFIED)


if __name__ == "__main__":
    when, _, what = sys.argv[1].partition(":")
    if when == "at_once":
        do(what)
    Server(when, what).serve()
