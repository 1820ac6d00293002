"""A server that does a known thing when it is told to end: `server.py TRUTH [PORT [ANSWER_S]]`.

Standard library only. It answers "Hello, world!" after 20 ms, or so many seconds, over connections
that stay, until SIGTERM comes; then, for its truth:

- `finishes`: it takes in whoever has connected and nobody more, answers all that it has and all
  that still comes, each with `Connection: close`, and ends when no connection is left, or 2 s
  later;
- `loses`: it goes on as before for 1 s, but of every 50th answer it sends half and closes; then it
  does as the one above;
- `ignores`: nothing, as it has no handler and is process 1 of its container.

As it ends it prints how many it lost, and the moments of its last 600 answers, in ns of the
monotonic clock, as a line of JSON. It knows of all that it loses: newcomers are not heard any more
when it takes the last of those that the kernel had let in.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from collections import deque

PORT = 8080
END = b"\r\n\r\n"
BODY = b"Hello, world!"
ANSWER_S = 0.02
EVERY = 50
LOSES_S = 1.0
DRAINS_S = 2.0
LAST = 600
"""An engine cuts a line of a log at 16 KiB."""
SETTLES_S = 0.05
"""For the last of a handshake that had begun."""
IP_MINTTL = 21
"""Of linux/in.h, unnamed by the socket module: packets with a shorter time to live are dropped, see
ip(7). Nobody's have 255 of their own accord."""


class Server:
    """What all connections share."""

    def __init__(self, truth: str, listener: socket.socket, answer_s: float) -> None:
        self.truth = truth
        self.answer_s = answer_s
        self.listener = listener
        self.told = asyncio.Event()
        self.closing = False
        self.answered_ns = deque[int](maxlen=LAST)
        self.since_told = self.lost = 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def accept(self) -> None:
        """Until the listener is closed."""
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self.listener)
            self.take(connection)

    def take(self, connection: socket.socket) -> None:
        """Serve a connection."""
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.create_task(self.serve(connection))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def serve(self, connection: socket.socket) -> None:
        """All of a connection."""
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            while True:
                head = await reader.readuntil(END)
                await asyncio.sleep(self.answer_s)
                last = b"HTTP/1.0" in head or b"\r\nconnection: close" in head.lower()
                last = last or self.closing
                closing = b"Connection: close\r\n" if last else b""
                length = b"Content-Length: %d\r\n" % len(BODY)
                answer = b"HTTP/1.1 200 OK\r\n" + length + closing + b"\r\n" + BODY
                if self.loses_this():
                    writer.write(answer[: len(answer) // 2])
                    break
                self.answered_ns.append(time.monotonic_ns())
                writer.write(answer)
                if last:
                    break
        except (asyncio.IncompleteReadError, OSError):
            pass  # of the peer
        writer.close()

    def loses_this(self) -> bool:
        """Whether the answer that is due is lost, as some are once it was told to end."""
        if not self.told.is_set():
            return False
        self.since_told += 1
        loses = self.truth == "loses" and not self.closing
        if loses and self.since_told % EVERY == 0:
            self.lost += 1
            return True
        return False

    async def end(self) -> None:
        """What its truth is, from SIGTERM on."""
        if self.truth == "loses":
            await asyncio.sleep(LOSES_S)
        self.closing = True
        self.turn_away()
        await asyncio.sleep(SETTLES_S)
        self.take_all()
        self.listener.close()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=DRAINS_S)

    def turn_away(self) -> None:
        """Whoever would connect from now on: the kernel does not hear them."""
        self.listener.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 255)

    def take_all(self) -> None:
        """Whoever has connected."""
        asyncio.get_running_loop().remove_reader(self.listener)
        while True:
            try:
                self.take(self.listener.accept()[0])
            except BlockingIOError:
                return


async def main(truth: str, port: str = str(PORT), answer_s: str = str(ANSWER_S)) -> None:
    """Serve until SIGTERM, and end."""
    listener = socket.create_server(
        ("0.0.0.0", int(port)),  # noqa: S104 - the pod's own namespace
        backlog=1_024,
    )
    listener.setblocking(False)
    server = Server(truth, listener, float(answer_s))
    if truth != "ignores":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.told.set)
    accepting = asyncio.create_task(server.accept())
    print(json.dumps({"event": "listening"}), flush=True)
    await server.told.wait()
    await server.end()
    accepting.cancel()
    print(json.dumps({"answered_ns": [*server.answered_ns], "lost": server.lost}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
