"""A server with a known answer for a check-up, of the standard library alone.

`python3 server.py TRUTH [PORT]` listens on port 8080, if nobody says another, and answers "Hello,
world!" over connections that stay, but for its truth:

- `limited`: 2,000 answers a second and no more, one after the other;
- `stalls`: nothing at all is done for 200 ms of each second;
- `leaks`: 1,000 bytes stay of each request;
- `closes_idle`: a connection on which nothing came for 2 s is closed;
- `short_queue`: its accept queue takes 16, and it accepts one connection in 5 ms;
- `dies`: it ends as soon as it has more than 5,000 connections;
- `never_recovers`: 2,000 answers a second, until requests have waited without a pause for a
  second; from then on 700, for good.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sys
import time

PORT = 8080
END = b"\r\n\r\n"
BODY = b"Hello, world!"
EVERY_S = 1 / 2_000
AFTERWARDS_S = 1 / 700
OVERLOADED_S = 1.0
LIMITED = ("limited", "never_recovers")
STALL_S = 0.2
STALL_EVERY_S = 1.0
IDLE_S = 2.0
ACCEPT_S = 0.005
QUEUES = {"short_queue": 16}
LEAKED = 1_000
MOST = 5_000
DIED = 3


class Truth:
    """What all connections share."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.open = 0
        self._kept: list[bytearray] = []
        self._every_s = EVERY_S
        self._free_s = 0.0
        self._busy_since_s = 0.0

    def came(self) -> None:
        """Count a connection."""
        self.open += 1
        if self.name == "dies" and self.open > MOST:
            print(f"more than {MOST} connections", file=sys.stderr, flush=True)
            os._exit(DIED)

    async def turn(self) -> None:
        """Wait until the next answer may be given."""
        if self.name == "leaks":
            self._kept.append(bytearray(LEAKED))
        if self.name not in LIMITED:
            return
        now_s = time.monotonic()
        if self._free_s <= now_s:
            self._free_s = self._busy_since_s = now_s
        elif self.name == "never_recovers" and now_s - self._busy_since_s > OVERLOADED_S:
            self._every_s = AFTERWARDS_S
        self._free_s += self._every_s
        await asyncio.sleep(self._free_s - now_s)


async def serve(truth: Truth, connection: socket.socket) -> None:
    """All of a connection."""
    truth.came()
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
    finally:
        truth.open -= 1
        writer.close()


async def stall() -> None:
    """Hold up everything, again and again."""
    while True:
        await asyncio.sleep(STALL_EVERY_S - STALL_S)
        time.sleep(STALL_S)


async def main(name: str, port: str = str(PORT)) -> None:
    """Serve until the process is ended."""
    truth, tasks = Truth(name), set[asyncio.Task[None]]()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = socket.create_server(
        ("0.0.0.0", int(port)),  # noqa: S104 - the pod's own namespace
        backlog=QUEUES.get(name, 1_024),
    )
    listener.setblocking(False)
    if name == "stalls":
        tasks.add(asyncio.create_task(stall()))
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
