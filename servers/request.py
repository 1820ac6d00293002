"""One request head: bytes in, meaning out. Pure, and remembered, because clients repeat themselves.

Grammar: RFC 9112, with two liberties that the HOWTO takes: a line may end in a bare LF, and
`Host` may be missing. Any method and any target are good; only what frames the stream is judged.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%s) ([!-~\x80-\xff]+) HTTP/(\d)\.(\d)" % _TOKEN)
_HEADER = re.compile(rb"(%s):[ \t]*([\t -~\x80-\xff]*)" % _TOKEN)
_LENGTH = re.compile(rb"[0-9]{1,18}")  # below 2**63, and cheap to convert


class Request(NamedTuple):
    """What a head asks for, and what it means for the connection."""

    method: bytes
    target: bytes
    minor: int  # of HTTP/1.minor: 0, or 1 for everything later
    persistent: bool  # the connection goes on after the response
    body_bytes: int  # follow the head and are skipped
    status: int = 200  # another one: the request is refused, and the connection ends


def refusal(status: int) -> Request:
    """Return the request that stands for one that cannot be understood."""
    return Request(b"", b"", 1, False, 0, status)


@lru_cache(maxsize=512)  # heads of at most 4 KiB (see framing.py), so 2 MiB at the very most
def parse_head_cached(head: bytes) -> Request:
    """Return `parse_head(head)`, remembered."""
    return parse_head(head)


def parse_head(head: bytes) -> Request:
    """Return the request of a head given from its first byte to the end of its empty line.

    Never raises: a malformed head has status 400, a transfer coding 501, HTTP/2 and later 505.
    """
    lines = [line.removesuffix(b"\r") for line in head.split(b"\n")[:-2]]
    first = _REQUEST_LINE.fullmatch(lines[0])
    if first is None:
        return refusal(400)
    method, target, major, minor = first.groups()
    if major != b"1":
        return refusal(505)
    lengths: set[int] = set()
    options: set[bytes] = set()
    for line in lines[1:]:
        header = _HEADER.fullmatch(line)
        if header is None:
            return refusal(400)
        name, value = header[1].lower(), header[2].rstrip(b" \t")
        if name == b"transfer-encoding":
            return refusal(501)
        if name == b"content-length":
            if _LENGTH.fullmatch(value) is None:
                return refusal(400)
            lengths.add(int(value))
        elif name == b"connection":
            options.update(option.strip(b" \t").lower() for option in value.split(b","))
    if len(lengths) > 1:  # two lengths, two meanings: the way requests are smuggled
        return refusal(400)
    later = minor != b"0"
    persistent = b"close" not in options and (later or b"keep-alive" in options)
    return Request(method, target, int(later), persistent, max(lengths, default=0))
