"""The head of an HTTP/1.x response: its status, its headers, and what they say of its body.

What frames the response has to be plain: a coding or a length that can be read in two ways is a
reason to refuse it (RFC 9112, 4 to 6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from loadgen.answers.wrong import FramingError

LINE = b"\r\n"
BEGIN = b"HTTP/1."
BODILESS = (204, 304)
MOST_BODY = 1 << 28
"""More is no answer that a load is made of."""
SHOWN = 80
VALUE = rb"[^\r\n\x00]*"
_STATUS = re.compile(rb"HTTP/1\.[0-9] (\d{3})(?: [^\r\n\x00]*)?")
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:" + VALUE)
_LENGTH = re.compile(rb"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Head:
    """What it says; `lines` are those after the first one."""

    first: bytes
    lines: tuple[bytes, ...]
    status: int
    headers: dict[bytes, list[bytes]]
    """Values by name in small letters."""
    chunked: bool = False
    length: int | None = None
    """Of the body, where the head tells it."""

    @property
    def interim(self) -> bool:
        """Whether another head follows, of the answer itself; after 101 something else does."""
        return 100 <= self.status < 200 and self.status != 101

    @property
    def closes(self) -> bool:
        """Whether the server takes no further request on the connection (RFC 9112, 9.6)."""
        told = b",".join(self.headers.get(b"connection", [])).lower()
        return b"close" in [one.strip() for one in told.split(b",")]


def parse_head(head: bytes) -> Head:
    """A head without its empty line. Raises FramingError."""
    first, *lines = head.split(LINE)
    found = _STATUS.fullmatch(first)
    if found is None:
        raise FramingError(f"expected a response of HTTP/1, received {first[:SHOWN]!r}")
    status, headers = int(found[1]), _headers(lines)
    codings, lengths = headers.get(b"transfer-encoding", []), headers.get(b"content-length", [])
    if 100 <= status < 200 or status in BODILESS:
        return Head(first, tuple(lines), status, headers, length=0)
    if codings:
        if [coding.lower() for coding in codings] != [b"chunked"]:
            told = b", ".join(codings)[:SHOWN]
            raise FramingError(f"the response has the Transfer-Encoding {told!r}, not chunked")
        if lengths:
            raise FramingError("the response has a Transfer-Encoding and a Content-Length as well")
        return Head(first, tuple(lines), status, headers, chunked=True)
    return Head(first, tuple(lines), status, headers, length=_length(lengths) if lengths else None)


def _headers(lines: list[bytes]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for line in lines:
        if not _HEADER.fullmatch(line):
            raise FramingError(f"{line[:SHOWN]!r} is no header of a response")
        name, _, value = line.partition(b":")
        found.setdefault(name.lower(), []).append(value.strip(b" \t"))
    return found


def _length(values: list[bytes]) -> int:
    if len(set(values)) > 1 or not _LENGTH.fullmatch(values[0]):
        told = b", ".join(values)[:SHOWN]
        raise FramingError(f"the response has the Content-Length {told!r}, which is no number")
    length = int(values[0])
    if length > MOST_BODY:
        raise FramingError(f"the response is {length:,} bytes long; at most {MOST_BODY:,}")
    return length
