"""A server with a known answer for a check-up: `python3 server.py TRUTH`. Standard library only.

It listens on port 8080 and answers "Hello, world!" over connections that stay, but for its truth:

- `limited`: 2,000 answers a second and no more, one after the other;
- `leaks`: 1,000 bytes stay of each request;
- `closes_idle`: a connection on which nothing came for 2 s is closed;
- `short_queue`: its accept queue takes 16, and it accepts one connection in 5 ms.
"""

from __future__ import annotations

import asyncio
import socket
import sys

PORT = 8080
END = b"\r\n\r\n"
BODY = b"Hello, world!"
EVERY_S = 1 / 2_000
IDLE_S = 2.0
ACCEPT_S = 0.005
QUEUES = {"short_queue": 16}
LEAKED = 1_000


class Truth:
    """What all connections share."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: list[bytearray] = []
        self._free_s = 0.0

    async def turn(self) -> None:
        """Wait until the next answer may be given."""
        if self.name == "leaks":
            self.kept.append(bytearray(LEAKED))
        if self.name == "limited":
            now_s = asyncio.get_running_loop().time()
            self._free_s = max(self._free_s + EVERY_S, now_s)
            await asyncio.sleep(self._free_s - now_s)


async def serve(truth: Truth, connection: socket.socket) -> None:
    """All of a connection."""
    reader, writer = await asyncio.open_connection(sock=connection)
    limit_s = IDLE_S if truth.name == "closes_idle" else None
    try:
        while True:
            head = await asyncio.wait_for(reader.readuntil(END), limit_s)
            await truth.turn()
            last = b"HTTP/1.0" in head or b"\r\nconnection: close" in head.lower()
            closing = b"Connection: close\r\n" if last else b""
            length = b"Content-Length: %d\r\n" % len(BODY)
            writer.write(b"HTTP/1.1 200 OK\r\n" + length + closing + b"\r\n" + BODY)
            if last:
                break
    except (asyncio.IncompleteReadError, TimeoutError, OSError):
        pass  # of the peer, or it was idle
    writer.close()


async def main(name: str) -> None:
    """Serve until the process is ended."""
    truth, tasks = Truth(name), set[asyncio.Task[None]]()
    listener = socket.create_server(
        ("0.0.0.0", PORT),  # noqa: S104 - the pod's own namespace
        backlog=QUEUES.get(name, 1_024),
    )
    listener.setblocking(False)
    while True:
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.create_task(serve(truth, connection))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        if name == "short_queue":
            await asyncio.sleep(ACCEPT_S)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
