"""A short list of what RFC 9112, and RFC 9110 for `Expect`, ask of a server in single cases: what
is sent, the section, whether it MUST or SHOULD do so, and what that is.

loadgen/habits/scripts.py has the bytes of each by its name. MAY is not judged: both ways are right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from contract.habits.judging import (
    Keeps,
    anything,
    closed,
    closed_after_answer,
    decoded,
    either,
    no_interim,
    not_taken_for_a_line,
    one_request,
    refused,
    served,
    taken,
    waited_or_refused,
    went_on_or_answered,
)

Level = Literal["MUST", "SHOULD", "MAY"]


@dataclass(frozen=True, slots=True)
class Case:
    """`sent` and `wanted` in words, for a table; `smuggles`: who does otherwise may read one
    request where another server reads two, or none."""

    name: str
    sent: str
    section: str
    level: Level
    wanted: str
    keeps: Keeps
    smuggles: bool = False


PLAIN: Final = "plain"
OLD: Final = "http_1_0"
OLD_KEPT: Final = "http_1_0_keep_alive"
PIPELINED: Final = "pipelined"
"""Cases that are told in words; there is nothing to judge."""
TOLD: Final = (PLAIN, OLD, OLD_KEPT, PIPELINED)
CASES: Final = (
    Case("no_host", "no Host", "9112, 3.2", "MUST", "400", refused(400)),
    Case("two_hosts", "two lines Host", "9112, 3.2", "MUST", "400", refused(400)),
    Case("bad_host", "a Host with a space in it", "9112, 3.2", "MUST", "400", refused(400)),
    Case(
        "absolute_form",
        "the target as a whole URI",
        "9112, 3.2.2",
        "MUST",
        "as usual",
        served,
    ),
    Case(
        "space_before_colon",
        "a space before the colon of a header",
        "9112, 5.1",
        "MUST",
        "400",
        refused(400),
        smuggles=True,
    ),
    Case(
        "space_after_start_line",
        "a header line with a space before it, the first one",
        "9112, 2.2",
        "MUST",
        "refuse it, or pass over the line",
        not_taken_for_a_line(),
        smuggles=True,
    ),
    Case(
        "folded_line",
        "a header folded over two lines",
        "9112, 5.2",
        "MUST",
        "400, or take it for one line",
        not_taken_for_a_line(400),
        smuggles=True,
    ),
    Case(
        "bare_cr",
        "a CR without LF inside a header",
        "9112, 2.2",
        "MUST",
        "refuse it, or take the CR for a space",
        not_taken_for_a_line(),
        smuggles=True,
    ),
    Case(
        "no_length",
        "Content-Length: five",
        "9112, 6.3",
        "MUST",
        "400, and close",
        refused(400, closes=True),
        smuggles=True,
    ),
    Case(
        "signed_length",
        "Content-Length: +5",
        "9112, 6.3",
        "MUST",
        "400, and close",
        refused(400, closes=True),
        smuggles=True,
    ),
    Case(
        "two_lengths",
        "two Content-Length that differ",
        "9112, 6.3",
        "MUST",
        "400, and close",
        refused(400, closes=True),
        smuggles=True,
    ),
    Case(
        "length_and_coding",
        "Content-Length and Transfer-Encoding",
        "9112, 6.1 and 6.3",
        "MUST",
        "close after the answer",
        closed,
        smuggles=True,
    ),
    Case(
        "coding_not_last",
        "Transfer-Encoding that does not end with chunked",
        "9112, 6.3",
        "MUST",
        "400 (or 501 by 6.1), and close",
        refused(400, 501, closes=True),
        smuggles=True,
    ),
    Case(
        "old_with_coding",
        "HTTP/1.0 with keep-alive and Transfer-Encoding",
        "9112, 6.1",
        "MUST",
        "close after the answer",
        closed,
        smuggles=True,
    ),
    Case(
        "unknown_coding",
        "an unknown transfer coding, then chunked",
        "9112, 6.1",
        "SHOULD",
        "501",
        refused(501),
    ),
    Case("chunked", "a body in chunks", "9112, 7.1", "MUST", "read it", decoded),
    Case(
        "chunk_size",
        "a chunk whose size is no number",
        "9112, 7.1 and 2.2",
        "SHOULD",
        "400 (or 501 by 6.1), and close",
        refused(400, 501, closes=True),
    ),
    Case(
        "huge_chunk",
        "a chunk of 2^64 + 5 bytes, of which 5 come",
        "9112, 7.1",
        "MUST",
        "not read 5",
        waited_or_refused,
        smuggles=True,
    ),
    Case(
        "body_like_a_request",
        "a body that looks like a request",
        "9112, 9.3",
        "MUST",
        "read it, or close",
        one_request,
        smuggles=True,
    ),
    Case(
        "close",
        "Connection: close",
        "9112, 9.6",
        "MUST",
        "as usual, and close",
        closed_after_answer,
    ),
    Case(
        "expectation",
        "Expect: 100-continue, the body held back",
        "9110, 10.1.1",
        "MUST",
        "100 or its answer, at once",
        went_on_or_answered,
    ),
    Case(
        "old_expectation",
        "the same in HTTP/1.0",
        "9110, 10.1.1",
        "MUST",
        "no 100",
        no_interim,
    ),
    Case(
        "long_target",
        "a request line of 8,000 bytes",
        "9112, 3",
        "SHOULD",
        "take it",
        taken,
    ),
    Case(
        "too_long_target",
        "a target of 100,000 bytes",
        "9112, 3",
        "MUST",
        "414, or as usual",
        either(414),
    ),
    Case("empty_line", "an empty line before it", "9112, 2.2", "SHOULD", "as usual", served),
    Case(
        "garbage",
        "a line that is no request",
        "9112, 2.2",
        "SHOULD",
        "400, and close",
        refused(400, closes=True),
    ),
    Case(
        "bare_lf", "lines that end with LF alone", "9112, 2.2", "MAY", "take or refuse it", anything
    ),
)
