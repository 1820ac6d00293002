"""What most answers of a server look like: one look, most of it in C, tells that one is right.

Whatever does not look so may be right all the same, and is taken apart by `Response`. The values
of headers are free; a header more or less, or in another place, is not alike. So nothing that
frames a response can hide in it.
"""

from __future__ import annotations

import re

from loadgen.answers.head import BODILESS, LINE, VALUE, Head, parse_head
from loadgen.answers.meaning import Meaning
from loadgen.answers.response import END

FIXED = (b"transfer-encoding", b"connection")
"""What frames the body, and what becomes of the connection."""
_LENGTH = rb"([0-9]{1,9})"
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,7})\r\n")


def likeness_of(answer: bytes, meaning: Meaning, *, bodiless: bool = False) -> Likeness | None:
    """The likeness of a right answer; None where no head tells its end, or more than one does."""
    head = parse_head(answer.partition(END)[0])
    lengths = len(head.headers.get(b"content-length", []))
    if bodiless or head.status in BODILESS:
        return Likeness(head._replace(chunked=False), meaning, sized=False)
    if head.interim or lengths > 1 or (head.length is None and not head.chunked):
        return None
    return Likeness(head, meaning, sized=not head.chunked)


class Likeness:
    """Equal to `data` that is one right answer, and alike. `sized`: its Content-Length counts."""

    __hash__ = None  # type: ignore[assignment]  # it is compared, and in no set

    def __init__(self, head: Head, meaning: Meaning, *, sized: bool) -> None:
        self._fits = meaning.fits
        self._constant = meaning.constant
        self._chunked = head.chunked
        self._sized = sized
        expected = (name.lower().encode() for name, value in meaning.expected.headers if value)
        fixed = {*FIXED, *expected}
        lines = [re.escape(head.first)]
        for line in head.lines:
            name = line.partition(b":")[0]
            if name.lower() == b"content-length" and sized:
                lines.append(re.escape(name) + rb":[ \t]*" + _LENGTH + rb"[ \t]*")
            elif name.lower() in fixed:
                lines.append(re.escape(line))
            else:
                lines.append(re.escape(name + b":") + VALUE)
        self._match = re.compile(LINE.join(lines) + END).match

    def __eq__(self, data: object) -> bool:
        return isinstance(data, bytes) and 0 < self.length(data, 0) == len(data)

    def length(self, data: bytes, at: int) -> int:
        """The length of the right answer at this place; 0 where there is none that is alike."""
        found = self._match(data, at)
        if found is None:
            return 0
        start = found.end()
        if self._chunked:
            return self._in_chunks(data, at, start)
        end = start + (int(found[1]) if self._sized else 0)
        if end > len(data):
            return 0
        if self._constant is not None:
            right = end - start == len(self._constant) and data.startswith(self._constant, start)
            return end - at if right else 0
        return end - at if self._fits is None or self._fits(data[start:end]) else 0

    def _in_chunks(self, data: bytes, at: int, start: int) -> int:
        place = start
        parts: list[bytes] = []
        while found := _SIZE.match(data, place):
            size, place = int(found[1], 16), found.end()
            if not data.startswith(LINE, place + size):
                return 0
            if not size:
                body = b"".join(parts)
                right = self._constant in (None, body) and (self._fits is None or self._fits(body))
                return place + len(LINE) - at if right else 0
            parts.append(data[place : place + size])
            place += size + len(LINE)
        return 0
