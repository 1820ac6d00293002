"""One HTTP/1.x response, taken from a stream of bytes by its own framing (RFC 9112, 6).

Nothing that a server sends may end in anything but a whole response or a `FramingError` with the
reason, however it is cut into pieces, and each byte is looked at a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from loadgen.answers.head import BEGIN, LINE, MOST_BODY, SHOWN, Head, parse_head
from loadgen.answers.wrong import FramingError

END = b"\r\n\r\n"
MOST_HEAD = 65_536
LONGEST_CHUNK_LINE = 4_096
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)


class Response:
    """Fed with what comes; `whole` once it has its end, by its head or with the connection.

    `bodiless`: it answers a HEAD, so that what its head says of a body says nothing.
    """

    def __init__(self, *, bodiless: bool = False, keeps_body: bool = True) -> None:
        self.head: Head | None = None
        """Once it is whole; interim ones (1xx) are passed over."""
        self.whole = False
        self._bodiless = bodiless
        self._keeps_body = keeps_body
        self._body = bytearray()
        self._size = 0  # of the body, as far as it has come
        self._left = 0  # of the body or of a chunk, what has not come
        self._held = bytearray()  # of a head or a line, what has come before its end
        self._trailers = 0
        self._step: Callable[[bytes, int], int] = self._take_head

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing but the end of the connection ends it."""
        head = self.head
        return head is not None and not self.whole and head.length is None and not head.chunked

    @property
    def body(self) -> bytes:
        """As far as it has come, without the frames of chunks; empty if it is not kept."""
        return bytes(self._body)

    def feed(self, data: bytes, at: int = 0) -> int:
        """Take what belongs to it, from place `at` on; return the place after. Raises FramingError.

        Where that is not the end of `data`, the response is whole and something else follows.
        """
        while not self.whole and at < len(data):
            at = self._step(data, at)
        return at

    def end(self) -> None:
        """The connection has ended. Raises FramingError if that cuts the response short."""
        if self.ends_with_connection:
            self.whole = True
        elif not self.whole:
            raise FramingError("the connection ended inside a response")

    def _take_head(self, data: bytes, at: int) -> int:
        head, at = self._until(END, data, at, MOST_HEAD, "no end of its head")
        if head is None:
            if not BEGIN.startswith(self._held[: len(BEGIN)]):
                parse_head(bytes(self._held))  # raises: it is none
            return at
        parsed = parse_head(head)
        if parsed.interim:
            return at
        self.head, self._step = parsed, self._take_body
        if self._bodiless:
            self.whole = True
        elif parsed.chunked:
            self._step = self._take_size
        elif parsed.length is None:
            self._left = MOST_BODY + 1
        else:
            self._left, self.whole = parsed.length, not parsed.length
        return at

    def _take_body(self, data: bytes, at: int) -> int:
        at = self._take_data(data, at)
        if not self._left:
            if self.ends_with_connection:
                raise FramingError(f"the response is longer than {MOST_BODY:,} bytes")
            self.whole = True
        return at

    def _take_data(self, data: bytes, at: int) -> int:
        size = min(self._left, len(data) - at)
        if self._keeps_body:
            self._body += data[at : at + size]
        self._size += size
        self._left -= size
        return at + size

    def _take_size(self, data: bytes, at: int) -> int:
        """The line before a chunk."""
        line, at = self._until(LINE, data, at, LONGEST_CHUNK_LINE, "no size of a chunk")
        if line is None:
            return at
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise FramingError(f"{line[:SHOWN]!r} is no size of a chunk")
        self._left = int(found[1], 16)
        if self._size + self._left > MOST_BODY:
            raise FramingError(f"the response is longer than {MOST_BODY:,} bytes")
        self._step = self._take_chunk if self._left else self._take_trailer
        return at

    def _take_chunk(self, data: bytes, at: int) -> int:
        at = self._take_data(data, at)
        if not self._left:
            self._step = self._take_chunk_end
        return at

    def _take_chunk_end(self, data: bytes, at: int) -> int:
        line, at = self._until(LINE, data, at, 0, "a chunk that does not end where its size says")
        if line is not None:
            self._step = self._take_size
        return at

    def _take_trailer(self, data: bytes, at: int) -> int:
        """After the last chunk: lines up to an empty one."""
        most = MOST_HEAD - self._trailers
        line, at = self._until(LINE, data, at, max(most, 0), "no end of its trailers")
        if line is not None:
            self._trailers += len(line) + len(LINE)
            self.whole = not line
        return at

    def _until(
        self, end: bytes, data: bytes, at: int, most: int, fault: str
    ) -> tuple[bytes | None, int]:
        """What comes before `end`, None if that has not come, and the place in `data` after it.

        Raises FramingError, with what is missing, beyond `most` bytes.
        """
        held = self._held
        if not held and 0 <= (place := data.find(end, at)) - at <= most:
            return data[at:place], place + len(end)
        before = len(held)
        held += data[at:]
        place = held.find(end, max(0, before - len(end) + 1))
        if place > most or (place < 0 and len(held) > most + len(end) - 1):
            raise FramingError(f"the response has {fault}: {bytes(held[:SHOWN])!r}")
        if place < 0:
            return None, len(data)
        found = bytes(held[:place])
        held.clear()
        return found, at + place + len(end) - before
