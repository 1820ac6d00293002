"""Where one request ends and the next begins: HTTP/1.x framing without any input or output.

Bytes go in as they come, requests come out when they are complete. The result depends on the
bytes alone, never on how they were cut into pieces, which is what the contract suite tests.

A request is complete when its body has been skipped, so that closing after the response does not
meet unread input: the kernel would answer that with a reset that can destroy the response.
"""

from __future__ import annotations

import re

from servers.http.request import CONTINUE, Request, parse_head, parse_head_cached, refusal

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_EMPTY_LINES = re.compile(rb"(?:\r?\n)*")
_LONGEST_TERMINATOR = 3  # bytes of b"\n\r\n"
REMEMBERED_HEAD_BYTES = 4096


class Framer:
    """The stream of requests of one connection.

    `limit_bytes` bounds a head, its last empty line included, and with it what is held in memory:
    a longer one comes out as a request with status 431. After a request that is not persistent
    the stream has ended: whatever else is fed is dropped.
    """

    __slots__ = ("_awaiting_body", "_buffer", "_limit", "_scanned", "_skip", "ended")

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._buffer = b""
        self._scanned = 0  # bytes of the buffer that are known to hold no end of a head
        self._skip = 0  # bytes of the body that have not come yet
        self._awaiting_body: Request | None = None
        self.ended = False

    @property
    def clean(self) -> bool:
        """Whether the stream stands exactly between two requests, with nothing held back."""
        return not self._buffer and self._awaiting_body is None and not self.ended

    def feed(self, data: bytes) -> None:
        """Add bytes that the peer has sent."""
        if not self.ended:
            self._buffer = self._buffer + data if self._buffer else data

    def requests(self) -> list[Request]:
        """Return the requests that are complete now, in order, and forget their bytes."""
        found: list[Request] = []
        position = 0
        while not self.ended:
            before = position
            position = self._skip_body(position, found)
            if self._awaiting_body is None and not self.ended:
                position = self._take_head(position, found)
            if position == before:
                break
        self._buffer = b"" if self.ended else self._buffer[position:]
        return found

    def _skip_body(self, position: int, found: list[Request]) -> int:
        request = self._awaiting_body
        if request is None:
            return position
        skipped = min(self._skip, len(self._buffer) - position)
        self._skip -= skipped
        if not self._skip:
            self._awaiting_body = None
            self._complete(request, found)
        return position + skipped

    def _take_head(self, position: int, found: list[Request]) -> int:
        buffer = self._buffer
        if self._scanned <= 1:  # nothing, or the CR of what may become an empty line
            empty = _EMPTY_LINES.match(buffer, position)  # RFC 9112, 2.2: ignore them
            if empty and empty.end() > position:
                position, self._scanned = empty.end(), 0
        start = position + max(0, self._scanned - _LONGEST_TERMINATOR + 1)
        end = _END_OF_HEAD.search(buffer, start, position + self._limit)
        if end is None:
            self._scanned = len(buffer) - position
            if self._scanned >= self._limit:
                self._complete(refusal(431), found)
            return position
        self._scanned = 0
        head = buffer[position : end.end()]
        parse = parse_head_cached if len(head) <= REMEMBERED_HEAD_BYTES else parse_head
        request = parse(head)
        if request.body_bytes:
            self._awaiting_body, self._skip = request, request.body_bytes
            if request.expects:
                found.append(CONTINUE)
        else:
            self._complete(request, found)
        return end.end()

    def _complete(self, request: Request, found: list[Request]) -> None:
        found.append(request)
        self.ended = not request.persistent
