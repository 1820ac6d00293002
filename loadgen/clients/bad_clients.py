"""Clients that behave badly beside good ones, with counts of their own.

Slow readers ask for a long response, or for many short ones, and take a few bytes a second; slow
writers send a header that never ends, a byte at a time, and begin another on a new connection
before it is longer than servers take; and others vanish in the middle of a request, with a reset,
again and again. (A
client that vanishes without a word needs rights over the network that the lab's containers do not
have; to the server it is a slow writer that has stopped.) The question is never how they fare, but
what they do to the good ones.

There are few system calls in it, so it lives beside the engine: `tick` is called now and then.
"""

from __future__ import annotations

import socket
from collections import Counter
from dataclasses import dataclass, field

from loadgen.clients.trickle_and_churn import FILLER, LONGEST_HEAD, START
from loadgen.engine.sockets import reset_on_close

TICK_S = 0.05
ASK_LONG = b"GET /bytes/16777216 HTTP/1.1\r\nHost: c10k-lab\r\n\r\n"
"""Longer than the buffers of both ends, or the server would be rid of it at once."""
MUCH_BYTES = 49_152
"""Bytes of short requests whose answers are longer than the buffers of both ends."""
SHORT_BYTES = 1_024
HALF = b"GET / HTTP/1.1\r\nHost: c1"
RECEIVE_BUFFER_BYTES = 4_096
READ_BYTES = 64
BYTES_PER_S = 1.0
READS_PER_S = 1.0
OPENED_PER_TICK = 64
"""The queue of new connections belongs to the good clients too."""


@dataclass(slots=True)
class Client:
    """One bad client: what it is, when it acts next, and what it has done so far."""

    sock: socket.socket
    acts_at_s: float
    done: int = 0


@dataclass(slots=True)
class BadClients:
    """`readers` and `writers` are kept up; `vanishing_per_s` come and go."""

    address: tuple[str, int]
    readers: int = 0
    writers: int = 0
    vanishing_per_s: float = 0.0
    also_asked: bytes = b""
    """By slow readers whose answer is not long: the request of a server that has none so long."""
    counts: Counter[str] = field(default_factory=Counter)
    _reading: list[Client] = field(default_factory=list)
    _writing: list[Client] = field(default_factory=list)
    _before_s: float | None = None
    _due: float = 0.0

    @property
    def wanted(self) -> bool:
        """Whether there is any bad client at all."""
        return bool(self.readers or self.writers or self.vanishing_per_s)

    def gauges(self) -> dict[str, int]:
        """Bad clients that are connected now, by kind, and what was counted so far."""
        return {
            "slow_readers": len(self._reading),
            "slow_writers": len(self._writing),
            **self.counts,
        }

    @property
    def established(self) -> bool:
        """Whether as many are connected as are wanted."""
        return len(self._reading) >= self.readers and len(self._writing) >= self.writers

    def tick(self, now_s: float) -> None:
        """Connect those that are missing, and let each do what is due."""
        self._renew()
        self._open(self._reading, self.readers, now_s, "slow_reader")
        self._open(self._writing, self.writers, now_s, "slow_writer")
        self._act(self._reading, now_s, "slow_reader", 1 / READS_PER_S)
        self._act(self._writing, now_s, "slow_writer", 1 / BYTES_PER_S)
        if self._before_s is not None:
            self._due += (now_s - self._before_s) * self.vanishing_per_s
        self._before_s = now_s
        due, self._due = divmod(self._due, 1)
        for _ in range(int(due)):
            if not self._vanish():
                break  # nobody can connect: those of this tick stay away

    def close(self) -> None:
        """End all of them, with a reset."""
        for client in (*self._reading, *self._writing):
            _reset(client.sock)
        self._reading.clear()
        self._writing.clear()

    def _renew(self) -> None:
        """Take away slow writers whose heads are long enough; others come in their place."""
        for client in [one for one in self._writing if one.done >= LONGEST_HEAD]:
            self.counts["slow_writer_renewed"] += 1
            _reset(client.sock)
            self._writing.remove(client)

    def _open(self, clients: list[Client], wanted: int, now_s: float, kind: str) -> None:
        for number in range(min(wanted - len(clients), OPENED_PER_TICK)):
            sock = self._connect(kind)
            if sock is None:
                return
            if kind == "slow_reader" and not self._say(sock, ASK_LONG, kind):
                return
            # Spread over a second, so that they do not act all at once.
            clients.append(Client(sock, now_s + number / OPENED_PER_TICK))

    def _connect(self, kind: str) -> socket.socket | None:
        """None where it fails, for whatever reason: refused, too slow, no port, no descriptor."""
        try:
            sock = socket.socket()
        except OSError:
            self.counts[f"{kind}_not_connected"] += 1
            return None
        if kind == "slow_reader":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        sock.settimeout(TICK_S)
        try:
            sock.connect(self.address)
        except OSError:
            self.counts[f"{kind}_not_connected"] += 1
            sock.close()
            return None
        sock.setblocking(False)
        return sock

    def _act(self, clients: list[Client], now_s: float, kind: str, every_s: float) -> None:
        gone: list[Client] = []
        for client in clients:
            if client.acts_at_s > now_s:
                continue
            client.acts_at_s = max(client.acts_at_s + every_s, now_s)
            try:
                alive = self._read(client) if kind == "slow_reader" else _write(client)
            except BlockingIOError:
                continue
            except OSError:
                alive = False
            if not alive:
                gone.append(client)
        for client in gone:
            self.counts[f"{kind}_closed"] += 1
            client.sock.close()
            clients.remove(client)

    def _read(self, client: Client) -> bool:
        """A few bytes; whether the connection goes on. Who has had a short answer asks for more."""
        if not client.done and self.also_asked and _is_short(client.sock):
            client.sock.send(self.also_asked * (MUCH_BYTES // len(self.also_asked)))
        received = len(client.sock.recv(READ_BYTES))
        client.done += received
        return received > 0

    def _vanish(self) -> bool:
        """Come and go; False if nobody can come."""
        sock = self._connect("vanishing")
        if sock is None:
            return False
        if self._say(sock, HALF, "vanishing"):
            self.counts["vanished"] += 1
            _reset(sock)
        return True

    def _say(self, sock: socket.socket, data: bytes, kind: str) -> bool:
        """Send something short; False if the server has closed the connection meanwhile."""
        try:
            sock.send(data)
        except OSError:
            self.counts[f"{kind}_closed"] += 1
            sock.close()
            return False
        return True


def _is_short(sock: socket.socket) -> bool:
    """Whether what has come is less than a long answer has at once."""
    return 0 < len(sock.recv(SHORT_BYTES, socket.MSG_PEEK)) < SHORT_BYTES


def _write(client: Client) -> bool:
    client.sock.send(START[client.done : client.done + 1] or FILLER)
    client.done += 1
    return True


def _reset(sock: socket.socket) -> None:
    reset_on_close(sock)
    sock.close()
