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
    status: int = 200  # 100: see CONTINUE; another: it is refused, and the connection ends
    expects: bool = False  # the peer waits for a word before it sends the body


CONTINUE = Request(b"", b"", 1, True, 0, 100)
"""Comes before a request that expects: its response says to go on (RFC 9110, 10.1.1)."""


def refusal(status: int, method: bytes = b"") -> Request:
    """Return the request that stands for one that cannot be understood."""
    return Request(method, b"", 1, False, 0, status)


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
        return refusal(505, method)
    headers = _headers(lines[1:])
    if headers is None:
        return refusal(400, method)
    if b"transfer-encoding" in headers:
        return refusal(501, method)
    given = headers.get(b"content-length", [])
    lengths = {int(value) if _LENGTH.fullmatch(value) else -1 for value in given}
    if -1 in lengths or len(lengths) > 1:  # two lengths, two meanings: requests are smuggled so
        return refusal(400, method)
    lists = b",".join(headers.get(b"connection", []))
    options = {option.strip(b" \t").lower() for option in lists.split(b",")}
    later = minor != b"0"
    persistent = b"close" not in options and (later or b"keep-alive" in options)
    expects = later and b"100-continue" in map(bytes.lower, headers.get(b"expect", []))
    body_bytes = max(lengths, default=0)
    return Request(method, target, int(later), persistent, body_bytes, expects=expects)


def _headers(lines: list[bytes]) -> dict[bytes, list[bytes]] | None:
    """Return the values of each header by its name in small letters; None if one is malformed."""
    found: dict[bytes, list[bytes]] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            return None
        found.setdefault(header[1].lower(), []).append(header[2].rstrip(b" \t"))
    return found
