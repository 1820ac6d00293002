"""One shot: one connection, one response, and then the program is over.

How it works. socket, bind, listen, accept, read until a request is complete, send the response,
close: the shortest program that is a server, and every call of it blocks. It shows what all the
others are made of, and that accept() returns a second socket: the one that listens never carries
a byte. While the first connection is served, the kernel goes on completing the handshakes of
others, for the accept queue is the kernel's; they are connected, and nobody will ever answer.

Where it breaks. By design, after one response. Until then it belongs to whoever came first: a
peer that connects and says nothing keeps it for as long as it likes, unless `idle_timeout_ms` is
set. When it ends, the kernel resets the connections that still stand in the accept queue.

What it adds. The response says that the connection will be closed, as RFC 9112 (9.3) demands of a
server that does not keep it, where the request did not say so itself. And it waits for the end of
the input before it closes, for two seconds at most: a peer that has sent more than one request
would get a reset instead, and a reset destroys a response that has not been read. A peer that waits
for a word before it sends a body (`Expect: 100-continue`) gets that word first.

Source. Scot Doyle, "How To Use Linux epoll with Python", example 1.

Not shared with the listing: there, a peer that closes early sends `while EOL1 not in request`
round for ever (recv returns nothing, again and again), a request is read without limit, and a
peer that resets ends the program with a traceback.
"""

from __future__ import annotations

import os

from servers.blocking.server import BlockingServer
from servers.core.events import EventLog
from servers.core.settings import FOR_LOOPS, FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.core.writing import Split
from servers.http.framing import Framer
from servers.http.request import CONTINUE, Request
from servers.http.response import PATTERN


class OneShotServer(BlockingServer):
    """Serves the first request of a connection, and no other."""

    def _converse(self, fd: int) -> None:
        framer = Framer(self._settings.request_limit_bytes)
        while data := os.read(fd, self._settings.recv_bytes):
            framer.feed(data)
            for request in framer.requests():
                self._respond(fd, request)
                if request is not CONTINUE:
                    self._linger(fd)
                    return

    def _respond(self, fd: int, request: Request) -> None:
        job = self._routes.job(request)
        last = request._replace(persistent=False)
        response = self._routes.respond(last, job()) if job else self._routes.respond(last)
        parts = response[:2]
        output: bytes = Split(parts) if self._routes.split_writes else b"".join(parts)
        rest = response.rest
        while output:
            output = output[self._write(fd, output) :]
            if not output:
                output = PATTERN[:rest]
                rest -= len(output)


def serve(settings: Settings, log: EventLog) -> None:
    """Serve one connection, or none if the process is told to stop before."""
    server = OneShotServer(settings, log)
    for fd in server.connections():
        server.serve_connection(fd)
        break


VARIANT = Variant(
    idea="blocking calls, one connection and one response, then the program ends (HOWTO example 1)",
    workers="1 thread",
    group=Group.HOWTO,
    since="any",
    ignores=FOR_LOOPS | FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
