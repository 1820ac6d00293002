"""A server for thousands of connections that counts what it answers, and a probe beside it."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.result.document import to_json
from tests.support.loopback import RESPONSE
from tests.support.results import a_sample

END = b"\r\n\r\n"
LISTENING = "0A"
PAUSE_S = 0.005


class Crowd:
    """`answers` counts answers, `most` the connections that were open at once.

    While it is `paused` it reads nothing, once it is `still`: what it has answered stands.
    """

    def __init__(self) -> None:
        self.answers = 0
        self.most = 0
        self.paused = self.still = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4_096)
        self._listener.setblocking(False)
        self._open: dict[int, socket.socket] = {}
        self._stop = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def connections(self) -> int:
        return len(self._open)

    def at_rest(self) -> bool:
        """Whether it answers nobody, and the clients have read all: nothing waits in a socket."""
        if not self.still:
            return False
        port = f":{self.port:04X}"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, state, queues, *_ = line.split()
            sent, unread = (int(part, 16) for part in queues.split(":"))
            on_its_way = sent if local.endswith(port) else unread if remote.endswith(port) else 0
            if on_its_way and state != LISTENING:
                return False
        return True

    def close(self) -> None:
        self._stop = True
        self._thread.join()
        for one in (self._listener, *self._open.values()):
            one.close()

    def _serve(self) -> None:
        with select.epoll() as poll:
            poll.register(self._listener, select.EPOLLIN)
            while not self._stop:
                self.still = self.paused
                if self.still:
                    time.sleep(PAUSE_S)
                    continue
                for fd, _ in poll.poll(0.05):
                    if fd == self._listener.fileno():
                        self._accept(poll)
                    else:
                        self._answer(poll, fd)

    def _accept(self, poll: select.epoll) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            connection.setblocking(False)
            self._open[connection.fileno()] = connection
            self.most = max(self.most, len(self._open))
            poll.register(connection, select.EPOLLIN)

    def _answer(self, poll: select.epoll, fd: int) -> None:
        connection = self._open[fd]
        try:
            count = connection.recv(4_096).count(END)
            connection.sendall(RESPONSE * count)
        except OSError:
            count = 0
        if count:
            self.answers += count
        else:
            # A child that is just being forked has it open too: closing would not take it away.
            poll.unregister(fd)
            del self._open[fd]
            connection.close()


@contextmanager
def crowd() -> Iterator[Crowd]:
    server = Crowd()
    try:
        yield server
    finally:
        server.close()


@contextmanager
def probe(held: Callable[[], int]) -> Iterator[tuple[str, list[str]]]:
    """ResponseCache like the lab's; yields its address and the questions that it was asked."""
    asked: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_testify, args=(sock, held, asked), daemon=True)
        thread.start()
        host, port = sock.getsockname()
        try:
            yield f"{host}:{port}", asked
        finally:
            sock.sendto(b"end", (host, port))
            thread.join()


def _testify(sock: socket.socket, held: Callable[[], int], asked: list[str]) -> None:
    while (question := sock.recvfrom(256))[0] != b"end":
        word, number, *_ = question[0].split(b" ")
        asked.append(word.decode())
        sample = a_sample("", time.monotonic(), 0.0, server_established=held())
        answer = {**to_json(sample), "asked": int(number)}
        sock.sendto(json.dumps(answer).encode(), question[1])
