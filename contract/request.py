"""A request as people send it: method, path, headers and body, and how it stands on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HOST = "c10k-lab"
ASKED = "asked"
"""The name of a request that is given alone, among those of `requests_text`."""
IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")
"""May be sent again by themselves when their connection ends (RFC 9110, 9.2.2)."""
WITH_CONTENT = ("POST", "PUT", "PATCH")
"""Say the length of their body also where there is none (RFC 9110, 8.6)."""
MOST_BYTES = 16_384
"""Longest request: the buffer of a connection that has nothing else to send takes it at once."""
MOST_PIPELINED_BYTES = 2 * MOST_BYTES
PATH = r"/[!-+\--~]*"
"""Visible ASCII; a comma would end it in a mix."""
METHOD = r"[A-Z][A-Z0-9_-]*"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
THE_LABS_OWN = {
    "connection": "the kind of load says whether a connection stays",
    "content-length": "it is counted from the body",
    "transfer-encoding": "a body is sent with its length",
    "expect": "the body is sent at once, with no question before",
    "upgrade": "the load speaks HTTP/1.1 and nothing else",
}
"""Headers that would change where a request or its answer ends; why nobody needs to set them."""


class RequestError(ValueError):
    """A request that cannot be sent; the message says what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Checked when it is made. Raises RequestError."""

    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def __post_init__(self) -> None:
        check_method(self.method)
        if not re.fullmatch(PATH, self.path, re.ASCII):
            raise RequestError(
                f"path is {self.path!r}; it must begin with / and be visible ASCII without a "
                "comma (write %2C for one)"
            )
        check_headers(self.headers)
        size = len(self.encoded("1.1"))
        if size > MOST_BYTES:
            raise RequestError(
                f"the request is {size:,} bytes long; at most {MOST_BYTES:,} are sent at once, "
                "so make headers or body shorter"
            )

    @property
    def host(self) -> str:
        """Which host is asked for."""
        named = [value for name, value in self.headers if name.lower() == "host"]
        return named[0] if named else HOST

    def check_pipeline(self, depth: int) -> None:
        """Whether so many may be under way at once (RFC 9112, 9.3.2). Raises RequestError."""
        if depth == 1:
            return
        if self.method not in IDEMPOTENT:
            raise RequestError(
                f"pipeline_depth is {depth}, and {self.method} is not idempotent: when a "
                "connection ends, nobody knows which were carried out; use pipeline_depth 1"
            )
        size = depth * len(self.encoded("1.1"))
        if size > MOST_PIPELINED_BYTES:
            raise RequestError(
                f"pipeline_depth {depth} makes {size:,} bytes of requests; at most "
                f"{MOST_PIPELINED_BYTES:,} are sent at once: lower it, or make the request shorter"
            )

    def encoded(self, version: str, *lines: str) -> bytes:
        """What is sent, in this version of HTTP, with more lines of the head, which end it."""
        body = self.body.encode()
        head = [f"{self.method} {self.path} HTTP/{version}", f"Host: {self.host}"]
        head += [f"{name}: {value}" for name, value in self.headers if name.lower() != "host"]
        if body or self.method in WITH_CONTENT:
            head.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*head, *lines, "", ""]).encode() + body


def check_method(method: str) -> str:
    """A method that can be sent. Raises RequestError."""
    if method == "CONNECT" or not re.fullmatch(METHOD, method, re.ASCII):
        raise RequestError(
            f"method is {method!r}; it must be one in capitals, such as GET, HEAD, POST, PUT, "
            "PATCH or DELETE, and not CONNECT"
        )
    return method


def check_headers(headers: Iterable[tuple[str, str]]) -> None:
    """Raises RequestError for the first that cannot be sent."""
    seen: set[str] = set()
    for name, value in headers:
        small = name.lower()
        if not _NAME.fullmatch(name):
            raise RequestError(f"headers: {name!r} is no name of a header; write `Name: value`")
        if small in THE_LABS_OWN:
            raise RequestError(
                f"headers: {name} cannot be set: {THE_LABS_OWN[small]}; leave it out"
            )
        if small in seen:
            raise RequestError(f"headers: {name} stands twice; join the values, or keep one")
        if wrong := _CONTROL.search(value):
            raise RequestError(
                f"headers: the value of {name} holds {wrong[0]!r}, which would end the line or "
                "the request; leave it out"
            )
        seen.add(small)


def header_lines(text: str) -> tuple[tuple[str, str], ...]:
    """One a line, as `Name: value`. Raises RequestError."""
    found: list[tuple[str, str]] = []
    for line in filter(None, (line.strip() for line in text.split("\n"))):
        name, colon, value = line.partition(":")
        if not colon:
            raise RequestError(f"headers: {line!r} is no `Name: value`; write one a line")
        found.append((name, value.strip()))
    check_headers(found)
    return tuple(found)


def headers_text(headers: Iterable[tuple[str, str]]) -> str:
    """What `header_lines` reads."""
    return "\n".join(f"{name}: {value}" for name, value in headers)


def parse_requests(text: str) -> dict[str, Request]:
    """Requests by name, from a JSON object of what `requests_text` wrote. Raises RequestError."""
    try:
        given = json.loads(text) if text else {}
        return {name: _request(one) for name, one in given.items()}
    except RequestError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RequestError(f"requests: no JSON of named requests ({error})") from None


def _request(given: Mapping[str, Any]) -> Request:
    headers = tuple((str(name), str(value)) for name, value in given["headers"])
    return Request(
        method=str(given["method"]),
        path=str(given["path"]),
        headers=headers,
        body=str(given["body"]),
    )


def requests_text(requests: Mapping[str, Request]) -> str:
    """As JSON; empty for none."""
    if not requests:
        return ""
    return json.dumps(
        {
            name: {
                "method": one.method,
                "path": one.path,
                "headers": one.headers,
                "body": one.body,
            }
            for name, one in requests.items()
        }
    )
