"""What the targets of requests stand for: the same few for every variant.

`/` is the HOWTO's page. `/bytes/N` is long, `/cpu/MICROSECONDS` computes, `/db/MILLISECONDS` waits
for a database: three ways to keep a server busy that tell its architectures apart.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial

from contract.response import BODY
from servers.core.settings import Settings
from servers.http.database import Database
from servers.http.request import Request
from servers.http.response import WITHOUT_REQUEST, Response, head, of_length

Job = Callable[[], bytes]
"""Work that takes time; returns the body of the response."""

MOST = {b"bytes": 16_777_216, b"cpu": 1_000_000, b"db": 10_000}
"""Bytes, microseconds, milliseconds: beyond these a target is answered 404."""
UNITS = {b"bytes": b"bytes", b"cpu": b"microseconds", b"db": b"milliseconds"}
_TARGET = re.compile(rb"(?:http://[^/?]*)?/(?:(bytes|cpu|db)/([0-9]{1,18}))?(?:\?.*)?")


class Routes:
    """The resources of one server. Safe to use from any thread."""

    def __init__(self, settings: Settings) -> None:
        self.split_writes = settings.split_writes
        self.limit_bytes = settings.request_limit_bytes
        self._root_bytes = settings.response_bytes
        self._database = Database()

    def job(self, request: Request) -> Job | None:
        """Return the work that must be done before the response, if there is any."""
        found = _TARGET.fullmatch(request.target)
        if found is None or not found[1] or request.status != 200:
            return None
        kind, amount = found[1], int(found[2])
        if amount > MOST[kind] or kind == b"bytes":
            return None
        if kind == b"cpu":
            return partial(compute, amount)
        return partial(self._database.query, amount)

    def respond(self, request: Request, body: bytes = BODY) -> Response:
        """Return the response to a request, `body` being what its job has returned."""
        minor, persistent = request.minor, request.persistent
        found = _TARGET.fullmatch(request.target)
        if request.status != 200:
            response = WITHOUT_REQUEST[request.status]
        elif found is None:
            text = b"There are /, /bytes/N, /cpu/MICROSECONDS and /db/MILLISECONDS.\n"
            response = Response(head(404, len(text), minor, persistent), text)
        elif not found[1] and self._root_bytes != len(BODY):
            response = of_length(self._root_bytes, minor, persistent)
        elif found[1] and int(found[2]) > MOST[found[1]]:
            text = b"At most %d %s.\n" % (MOST[found[1]], UNITS[found[1]])
            response = Response(head(404, len(text), minor, persistent), text)
        elif found[1] == b"bytes":
            response = of_length(int(found[2]), minor, persistent)
        else:
            response = Response(head(200, len(body), minor, persistent), body)
        return Response(response.head, b"") if request.method == b"HEAD" else response


def compute(microseconds: int) -> bytes:
    """Use so much processor time of this thread, however long that takes; return the body.

    Time on the clock would also pass while another thread computes, and a server with many
    threads would seem to do the work of all of them at once.
    """
    end = time.thread_time_ns() + microseconds * 1000
    while time.thread_time_ns() < end:
        sum(range(100))  # some 1 us between two looks
    return BODY
