"""One HTTP/1.x response, taken from a stream of bytes by its own framing (RFC 9112, 6).

Nothing that a server sends may end in anything but a whole response or a `FramingError` with the
reason, and each byte is looked at a bounded number of times. What frames the response has to be
plain: a coding, a length or a chunk that can be read in two ways is a reason as well.
"""

from __future__ import annotations

import re

END = b"\r\n\r\n"
LINE = b"\r\n"
BODILESS = (204, 304)
MOST_HEAD = 65_536
MOST_BODY = 1 << 28
"""More is no answer that a load is made of, and would be compared byte by byte."""
LONGEST_CHUNK_LINE = 4_096
SHOWN = 80
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})(?: .*)?", re.DOTALL)
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)


class FramingError(Exception):
    """What came is no response that can be told from what follows it; the message is the reason."""


class Response:
    """Fed with what comes; `whole` once the response has its end, which only some have."""

    def __init__(self) -> None:
        self.status = 0
        """0 until the head has come, or where the first line is none of HTTP/1."""
        self.framed = False
        """Whether the response says itself where it ends."""
        self.whole = False
        self._data = bytearray()
        self._head = -1  # where the body begins
        self._at = 0  # of the data, how much has been understood
        self._end = -1  # where the body ends, by Content-Length
        self._chunked = False
        self._body = bytearray()  # of chunks

    @property
    def headed(self) -> bool:
        """Whether the head is whole."""
        return self._head >= 0

    @property
    def data(self) -> bytes:
        """All that came."""
        return bytes(self._data)

    @property
    def head(self) -> bytes:
        """Without its empty line; all there is while that has not come."""
        return bytes(self._data[: self._head - len(END)]) if self._head >= 0 else self.data

    @property
    def body(self) -> bytes:
        """As far as it has come, without the frames of chunks."""
        if self._head < 0:
            return b""
        return bytes(self._body) if self._chunked else bytes(self._data[self._head :])

    def feed(self, data: bytes) -> None:
        """Take what came next. Raises FramingError."""
        self._data += data
        if self._head < 0:
            self._take_head()
        if self._head < 0:
            return
        if self._chunked:
            self._take_chunks()
        elif self._end >= 0:
            self._at = min(len(self._data), self._end)
            self.whole = len(self._data) >= self._end
        elif len(self._data) - self._head > MOST_BODY:
            raise FramingError(f"the response is longer than {MOST_BODY:,} bytes")
        if self.whole and len(self._data) > self._at:
            more = bytes(self._data[self._at : self._at + SHOWN])
            raise FramingError(
                f"{len(self._data) - self._at:,} bytes came after the end of the response: {more!r}"
            )

    def _take_head(self) -> None:
        end = self._data.find(END, max(0, self._at - len(END) + 1))
        self._at = len(self._data)
        if end < 0:
            if len(self._data) > MOST_HEAD:
                raise FramingError(f"the response has no end of its head in {MOST_HEAD:,} bytes")
            return
        self._at = self._head = end + len(END)
        first, *lines = bytes(self._data[:end]).split(LINE)
        found = _STATUS.fullmatch(first)
        self.status = int(found[1]) if found else 0
        headers = _headers(lines)
        codings, lengths = headers.get(b"transfer-encoding", []), headers.get(b"content-length", [])
        if self.status in BODILESS:
            self.framed, self._end = True, self._head
        elif codings:
            if [coding.lower() for coding in codings] != [b"chunked"]:
                told = b", ".join(codings)[:SHOWN]
                raise FramingError(f"the response has the Transfer-Encoding {told!r}, not chunked")
            self.framed = self._chunked = True
        elif lengths:
            self.framed, self._end = True, self._head + _length(lengths)

    def _take_chunks(self) -> None:
        """All that are there: a line with the size, the data, an empty line; and trailers."""
        while not self.whole:
            line_end = self._data.find(LINE, self._at, self._at + LONGEST_CHUNK_LINE)
            if line_end < 0:
                if len(self._data) - self._at >= LONGEST_CHUNK_LINE:
                    raise FramingError(f"no size of a chunk: {self._shown()!r}")
                return
            line = bytes(self._data[self._at : line_end])
            found = _CHUNK.fullmatch(line)
            if found is None:
                raise FramingError(f"{line[:SHOWN]!r} is no size of a chunk")
            size, start = int(found[1], 16), line_end + len(LINE)
            if not size:
                self._take_trailers(start)
                return
            if len(self._body) + size > MOST_BODY:
                raise FramingError(f"the response is longer than {MOST_BODY:,} bytes")
            end = start + size
            if len(self._data) < end + len(LINE):
                return
            if self._data[end : end + len(LINE)] != LINE:
                after = bytes(self._data[end : end + SHOWN])
                raise FramingError(f"a chunk of {size:,} bytes does not end there: {after!r}")
            self._body += self._data[start:end]
            self._at = end + len(LINE)

    def _take_trailers(self, start: int) -> None:
        """After the last chunk: lines up to an empty one."""
        end = self._data.find(LINE, start)
        if end != start:  # there are trailers
            end = self._data.find(END, start)
            end = end + len(LINE) if end >= 0 else -1
        if end < 0:
            if len(self._data) - start > MOST_HEAD:
                raise FramingError(f"the response has no end of its trailers: {self._shown()!r}")
            return
        self._at = end + len(LINE)
        self.whole = True

    def _shown(self) -> bytes:
        return bytes(self._data[self._at : self._at + SHOWN])


def _headers(lines: list[bytes]) -> dict[bytes, list[bytes]]:
    """Values by name in small letters."""
    found: dict[bytes, list[bytes]] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def _length(values: list[bytes]) -> int:
    if len(set(values)) > 1 or not _LENGTH.fullmatch(values[0]):
        told = b", ".join(values)[:SHOWN]
        raise FramingError(f"the response has the Content-Length {told!r}, which is no number")
    length = int(values[0])
    if length > MOST_BODY:
        raise FramingError(f"the response is {length:,} bytes long; at most {MOST_BODY:,}")
    return length
