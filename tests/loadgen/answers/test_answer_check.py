"""What was compared of answers, in words."""

from __future__ import annotations

import pytest

from contract.expected import ANY, CONTAINS, Expected
from contract.result.load_side import Checked
from loadgen.answers.answer_check import summary
from loadgen.answers.meaning import Meaning
from loadgen.engine.measures import Exchange

A, B = b"GET /a HTTP/1.1\r\n\r\n", b"GET /b HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    ("expected", "stays", "words"),
    [
        (Expected(), None, "framing, status 200"),
        (Expected(), b"hi", "framing, status 200, the whole body of 2 bytes"),
        (Expected(body="hello"), None, "framing, status 200, the whole body of 5 bytes"),
        (
            Expected(statuses=(200, 204), headers=(("X", "1"),), body_is=ANY),
            None,
            "framing, status 200 or 204, header X",
        ),
        (
            Expected(body="ok", body_is=CONTAINS),
            None,
            "framing, status 200, that the body contains 'ok'",
        ),
    ],
)
def test_by_framing(expected: Expected, stays: bytes | None, words: str) -> None:
    exchange = Exchange(A, b"...", meaning=Meaning(expected, stays))
    assert summary([exchange]) == Checked("framing", words)


def test_byte_for_byte() -> None:
    assert summary([Exchange(A, b"...")] * 2) == Checked("exact", "every byte")
    assert summary([Exchange(A, b"...", ((1, 2),))]) == Checked("exact", "every byte but dates")


def test_several_paths_are_told_by_path_where_they_differ() -> None:
    one, other = Exchange(A, b"..."), Exchange(B, b"...", meaning=Meaning(Expected()))
    found = summary([one, other])
    assert found == Checked("framing", "/a: every byte; /b: framing, status 200")
