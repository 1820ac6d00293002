"""The head of an HTTP/1.x response: its status, its headers, and what they say of its body.

What frames the response has to be plain: a coding or a length that can be read in two ways is a
reason to refuse it (RFC 9112, 4 to 6).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from loadgen.answers.wrong import FramingError

LINE = b"\r\n"
BEGIN = b"HTTP/1."
TLS = (b"\x15\x03", b"\x16\x03")
"""How a record of TLS begins, an alert or a handshake (RFC 8446, 5.1)."""
SPEAKS_TLS = "the server speaks TLS, and the lab asks in plain HTTP"
BODILESS = (204, 304)
MOST_BODY = 1 << 28
"""More is no answer that a load is made of."""
SHOWN = 80
VALUE = rb"[^\r\n\x00]*"
_STATUS = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?: [^\r\n\x00]*)?(?=\r\n|\Z)")
_HEADER = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:" + VALUE
_HEADERS = re.compile(rb"(?:\r\n" + _HEADER + rb")*\Z")
_TOLD = re.compile(
    rb"\r\n(transfer-encoding|content-length|connection):(" + VALUE + rb")", re.IGNORECASE
)
_LENGTH = re.compile(rb"[0-9]{1,18}")


class Head(NamedTuple):
    """What a head says; `raw` is all of it, without its empty line."""

    raw: bytes
    status: int
    chunked: bool = False
    length: int | None = None
    """Bytes of the body, if the head tells them."""
    closes: bool = False
    """Whether the server takes no further request on the connection (RFC 9112, 9.6)."""

    @property
    def first(self) -> bytes:
        """The status line."""
        return self.raw.partition(LINE)[0]

    @property
    def lines(self) -> list[bytes]:
        """Those after the first one."""
        return self.raw.split(LINE)[1:]

    @property
    def headers(self) -> dict[bytes, list[bytes]]:
        """Values by name in small letters."""
        found: dict[bytes, list[bytes]] = {}
        for line in self.lines:
            name, _, value = line.partition(b":")
            found.setdefault(name.lower(), []).append(value.strip(b" \t"))
        return found

    @property
    def interim(self) -> bool:
        """Whether another head follows, of the answer itself; after 101 something else does."""
        return 100 <= self.status < 200 and self.status != 101


def parse_head(raw: bytes) -> Head:
    """A head without its empty line. Raises FramingError."""
    found = _STATUS.match(raw)
    if found is None:
        raise _no_response(raw)
    if not _HEADERS.match(raw, found.end()):
        raise FramingError(f"{_no_header(raw)[:SHOWN]!r} is no header of a response")
    status, codings, lengths, closes = int(found[1]), [], [], False
    for name, value in _TOLD.findall(raw, found.end()):
        match name.lower():
            case b"content-length":
                lengths.append(value.strip(b" \t"))
            case b"transfer-encoding":
                codings.append(value.strip(b" \t").lower())
            case _:
                closes |= b"close" in [one.strip(b" \t") for one in value.lower().split(b",")]
    if 100 <= status < 200 or status in BODILESS:
        return Head(raw, status, length=0, closes=closes)
    if codings:
        if codings != [b"chunked"]:
            told = b", ".join(codings)[:SHOWN]
            raise FramingError(f"the response has the Transfer-Encoding {told!r}, not chunked")
        if lengths:
            raise FramingError("the response has a Transfer-Encoding and a Content-Length as well")
        return Head(raw, status, chunked=True, closes=closes)
    return Head(raw, status, length=_length(lengths) if lengths else None, closes=closes)


def _no_response(raw: bytes) -> FramingError:
    if raw.startswith(TLS):
        return FramingError(SPEAKS_TLS)
    first = raw.partition(LINE)[0]
    return FramingError(f"expected a response of HTTP/1, received {first[:SHOWN]!r}")


def _no_header(raw: bytes) -> bytes:
    lines = raw.split(LINE)[1:]
    return next(line for line in lines if not re.fullmatch(_HEADER, line))


def _length(values: list[bytes]) -> int:
    if len(set(values)) > 1 or not _LENGTH.fullmatch(values[0]):
        told = b", ".join(values)[:SHOWN]
        raise FramingError(f"the response has the Content-Length {told!r}, which is no number")
    length = int(values[0])
    if length > MOST_BODY:
        raise FramingError(f"the response is {length:,} bytes long; at most {MOST_BODY:,}")
    return length
