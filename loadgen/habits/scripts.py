"""The bytes of each case, made from the request that is asked of the server anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from contract.habits.cases import OLD, OLD_KEPT, PIPELINED, PLAIN
from contract.request import IDEMPOTENT, MOST_PIPELINED_BYTES, Request

BODY: Final = b"hello"
CHUNKED: Final = b"5\r\nhello\r\n0\r\n\r\n"
IN_ONE_WRITE: Final = 10
LONG_LINE_BYTES: Final = 8_000
TOO_LONG_BYTES: Final = 100_000
OVERFLOW: Final = 2**64 + len(BODY)
HIDDEN: Final = "Connection: close"
"""Where no header may be read: who reads it closes."""


@dataclass(frozen=True, slots=True)
class Script:
    """What is sent on one connection: `then` after a pause, or only if 100 came (`prompted`).
    So many answers are waited for."""

    first: bytes
    then: bytes = b""
    prompted: bool = False
    answers: int = 1


def plain(asked: Request) -> bytes:
    """As the load sends it."""
    return asked.encoded("1.1")


def pipelined(asked: Request) -> int:
    """How many may be sent in one write; 0: that is nothing for this request."""
    fit = MOST_PIPELINED_BYTES // len(plain(asked))
    return min(IN_ONE_WRITE, fit) if asked.method in IDEMPOTENT and fit > 1 else 0


def scripts(asked: Request) -> Iterator[tuple[str, Script]]:
    """By the names of contract/habits/cases.py, from the harmless to the others."""
    yield PLAIN, Script(plain(asked))
    yield OLD, Script(_without_host(asked, "1.0"))
    yield OLD_KEPT, Script(asked.encoded("1.0", "Connection: keep-alive"))
    if count := pipelined(asked):
        yield PIPELINED, Script(plain(asked) * count, answers=count)
    for name, make in MADE.items():
        yield name, make(asked)


def _head(asked: Request, *lines: str, version: str = "1.1", end: str = "\r\n") -> bytes:
    """A head whose first line of headers is the first of these, without what frames a body."""
    own = [f"{name}: {value}" for name, value in asked.headers if name.lower() != "host"]
    first = f"{asked.method} {asked.path} HTTP/{version}"
    return end.join([first, *lines, *own, "", ""]).encode()


def _host(asked: Request) -> str:
    return f"Host: {asked.host}"


def _without_host(asked: Request, version: str) -> bytes:
    return _head(asked, *_length(asked), version=version) + asked.body.encode()


def _length(asked: Request) -> list[str]:
    """The length that the request says anyway."""
    return [f"Content-Length: {len(asked.body.encode())}"] if asked.body else []


def _more(*lines: str) -> Callable[[Request], Script]:
    """The request with lines behind Host."""

    def make(asked: Request) -> Script:
        head = _head(asked, _host(asked), *lines, *_length(asked))
        return Script(head + asked.body.encode())

    return make


def _with_body(body: bytes, *lines: str, version: str = "1.1") -> Callable[[Request], Script]:
    """The request with another body, which these lines frame."""
    return lambda asked: Script(_head(asked, _host(asked), *lines, version=version) + body)


def _instead(*lines: str) -> Callable[[Request], Script]:
    """The request with other lines in the place of Host."""
    return lambda asked: Script(
        _head(asked, *lines, *_length(asked)) + asked.body.encode(),
    )


def _space_after_start_line(asked: Request) -> Script:
    head = _head(asked, f" {HIDDEN}", _host(asked), *_length(asked))
    return Script(head + asked.body.encode())


def _two_hosts(asked: Request) -> Script:
    return _more(_host(asked))(asked)


def _absolute_form(asked: Request) -> Script:
    line, _, rest = plain(asked).partition(b" ")
    return Script(line + b" http://" + asked.host.encode() + rest)


def _longer(size: int) -> Callable[[Request], Script]:
    """The same with a query that makes the request line so long."""

    def make(asked: Request) -> Script:
        first = f"{asked.method} {asked.path} HTTP/1.1"
        mark = "&" if "?" in asked.path else "?"
        path = f"{asked.path}{mark}{'x' * (size - len(first) - 1)}"
        line, _, rest = plain(asked).partition(b"\r\n")
        return Script(line.replace(asked.path.encode(), path.encode(), 1) + b"\r\n" + rest)

    return make


def _body_like_a_request(asked: Request) -> Script:
    inner = _head(asked, _host(asked))
    return Script(_head(asked, _host(asked), f"Content-Length: {len(inner)}") + inner)


def _expectation(version: str, prompted: bool) -> Callable[[Request], Script]:
    def make(asked: Request) -> Script:
        lines = (_host(asked), "Expect: 100-continue", f"Content-Length: {len(BODY)}")
        return Script(_head(asked, *lines, version=version), BODY, prompted)

    return make


def _bare_lf(asked: Request) -> Script:
    head = _head(asked, _host(asked), *_length(asked), end="\n")
    return Script(head + asked.body.encode())


def _empty_line(asked: Request) -> Script:
    return Script(b"\r\n" + plain(asked))


def _garbage(_asked: Request) -> Script:
    return Script(b"this is no request\r\n\r\n")


MADE: Final[dict[str, Callable[[Request], Script]]] = {
    "close": _more("Connection: close"),
    "empty_line": _empty_line,
    "bare_lf": _bare_lf,
    "absolute_form": _absolute_form,
    "long_target": _longer(LONG_LINE_BYTES),
    "expectation": _expectation("1.1", prompted=True),
    "old_expectation": _expectation("1.0", prompted=False),
    "chunked": _with_body(CHUNKED, "Transfer-Encoding: chunked"),
    "body_like_a_request": _body_like_a_request,
    "no_host": _instead(),
    "two_hosts": _two_hosts,
    "bad_host": _instead("Host: c10k lab"),
    "space_before_colon": _more("X-Lab : 1"),
    "space_after_start_line": _space_after_start_line,
    "folded_line": _more("X-Lab: 1", f" {HIDDEN}"),
    "bare_cr": _more(f"X-Lab: 1\r{HIDDEN}"),
    "no_length": _with_body(BODY, "Content-Length: five"),
    "signed_length": _with_body(BODY, "Content-Length: +5"),
    "two_lengths": _with_body(BODY, "Content-Length: 5", "Content-Length: 4"),
    "length_and_coding": _with_body(
        CHUNKED, f"Content-Length: {len(CHUNKED)}", "Transfer-Encoding: chunked"
    ),
    "coding_not_last": _with_body(CHUNKED, "Transfer-Encoding: chunked, identity"),
    "old_with_coding": _with_body(
        CHUNKED, "Connection: keep-alive", "Transfer-Encoding: chunked", version="1.0"
    ),
    "unknown_coding": _with_body(CHUNKED, "Transfer-Encoding: x-lab, chunked"),
    "chunk_size": _with_body(b"five\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    "huge_chunk": _with_body(
        f"{OVERFLOW:x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"
    ),
    "too_long_target": _longer(TOO_LONG_BYTES),
    "garbage": _garbage,
}


def held_back(asked: Request) -> bytes:
    """A head that does not end."""
    return _head(replace(asked, body=""), _host(asked))[: -len(b"\r\n")] + b"X-Lab: "
