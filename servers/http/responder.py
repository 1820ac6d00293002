"""From the bytes that a peer sent to the bytes that it gets, in two ways with one meaning.

`Conversation` is the general way: it keeps what is incomplete. `ResponseCache` is the fast one,
for the chunk that is all there is: most reads bring exactly one request, byte for byte the same as
the last one, so its answer is remembered. A hit costs one look-up instead of some 5 us of parsing,
and every variant takes it alike: what they differ in is what is measured.

Only an answer that depends on the bytes alone may be remembered; one that takes time to make is
made by a `Conversation`.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum

from servers.core.writing import Split
from servers.http.framing import Framer
from servers.http.request import Request
from servers.http.response import PATTERN
from servers.http.routes import Job, Routes

OUTPUT_BYTES = 65_536  # an answer ends with the first response that reaches this
CHUNK_BYTES = 2048  # longer chunks are not remembered,
REMEMBERED_BYTES = 8192  # nor longer answers,
REMEMBERED_CHUNKS = 64  # nor more of them: 640 KiB in all, at worst


class Ending(IntEnum):
    """What happens to the connection once the output is written. False means: it goes on."""

    OPEN = 0
    CLOSE = 1
    LINGER = 2  # close, but input may still come and a reset would destroy the response


Answer = tuple[bytes, Ending]


class Conversation:
    """One connection's framing and answers, for whatever pieces its input comes in.

    Feed it with what was read, then take answers while there are `more`, and read on only then:
    a read of N bytes holds at most N/16 requests, an answer little more than OUTPUT_BYTES, and so
    memory is bounded however long the responses are. A loop that hands jobs to somebody else
    makes it with `inline=False`, and then `job` has to be asked for as well.
    """

    __slots__ = ("_framer", "_inline", "_job_body", "_requests", "_rest", "_routes")

    def __init__(self, routes: Routes, *, inline: bool = True) -> None:
        self._routes = routes
        self._framer = Framer(routes.limit_bytes)
        self._requests: deque[Request] = deque()
        self._rest = 0  # bytes of a long body that are still to be sent
        self._inline = inline
        self._job_body: bytes | None = None

    def feed(self, data: bytes) -> None:
        """Add what the peer has sent."""
        self._framer.feed(data)
        self._requests.extend(self._framer.requests())

    @property
    def more(self) -> bool:
        """Whether there is output that `answer` has not returned yet, or a job to be done."""
        return self._rest > 0 or bool(self._requests)

    @property
    def clean(self) -> bool:
        """Whether nothing is held back, so that this object may be forgotten."""
        return not self.more and self._framer.clean

    @property
    def job(self) -> Job | None:
        """The job that the next response waits for, if there is one; to be ended by `done`."""
        if self._rest or not self._requests or self._job_body is not None:
            return None
        return self._routes.job(self._requests[0])

    def done(self, body: bytes) -> None:
        """Tell what the job has returned; its response is then part of the next answer."""
        self._job_body = body

    def answer(self) -> Answer:
        """Return the next output, and what is to follow when it is written.

        No output: nothing is complete, or a job is to be done first (never if inline). Jobs that
        are done inline take their time here, after what was ready before them has left.
        """
        parts: list[bytes] = []
        size = 0
        status = 200
        while size < OUTPUT_BYTES and self.more:
            if self._rest:
                parts.append(PATTERN[: self._rest])
                self._rest -= len(parts[-1])
                size += len(parts[-1])
                continue
            job = self.job
            if job is not None:
                if parts or not self._inline:
                    break
                self._job_body = job()
            request = self._requests.popleft()
            if self._job_body is None:
                response = self._routes.respond(request)
            else:
                response = self._routes.respond(request, self._job_body)
                self._job_body = None
            parts += response[:2]
            size += len(response.head) + len(response.body)
            self._rest, status = response.rest, request.status
        output = Split(parts) if self._routes.split_writes else b"".join(parts)
        if self.more or not self._framer.ended:
            return output, Ending.OPEN
        return output, Ending.CLOSE if status == 200 else Ending.LINGER

    @property
    def takes_time(self) -> bool:
        """Whether any of the responses waits for a job."""
        return any(self._routes.job(request) is not None for request in self._requests)


class ResponseCache(dict[bytes, Answer | None]):
    """From a chunk to its answer, or None if it needs a `Conversation`.

    The chunk must be all that is known of the connection: nothing pending. None: the end of input
    (an empty chunk), a chunk that ends inside a request, and one whose response takes time or
    does not fit. A dictionary, so that a hit runs no Python code.
    """

    def __init__(self, routes: Routes) -> None:
        super().__init__()
        self._routes = routes
        self._ended = False

    def end(self) -> None:
        """Answer nothing from now on: a server that stops has to look at each connection."""
        self.clear()
        self._ended = True

    def __missing__(self, chunk: bytes) -> Answer | None:
        if not chunk or len(chunk) > CHUNK_BYTES or self._ended:
            return None
        conversation = Conversation(self._routes)
        conversation.feed(chunk)
        if conversation.takes_time:
            return None
        output, ending = answer = conversation.answer()
        if not output or (ending is Ending.OPEN and not conversation.clean):
            return None
        if len(output) <= REMEMBERED_BYTES:
            if len(self) >= REMEMBERED_CHUNKS:
                self.clear()
            self[chunk] = answer
        return answer
