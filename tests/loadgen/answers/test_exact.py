"""Answers that have to stay the same: which bytes may change, and which may not."""

from __future__ import annotations

import pytest

from loadgen.answers.exact import ExactJudge
from loadgen.answers.wrong import WrongAnswerError
from tests.support.loopback import RESPONSE

HEAD = b"HTTP/1.1 200 OK\r\nDate: "
REST = b"\r\nContent-Length: 2\r\n\r\nhi"
VARYING = ((len(HEAD), len(HEAD) + 3),)


def dated(date: bytes, rest: bytes = REST) -> bytes:
    return HEAD + date + rest


def test_a_date_may_change_and_is_expected_from_then_on() -> None:
    judge = ExactJudge(dated(b"000"), VARYING)
    for date in (b"000", b"001", b"001"):
        assert judge.read(None, dated(date)) == (1, None)
        assert judge.expected == dated(date)
    count, begun = judge.read(None, dated(b"002")[:24])
    assert (count, begun is not None) == (0, True)
    assert judge.read(begun, dated(b"002")[24:]) == (1, None)


@pytest.mark.parametrize(
    "wrong",
    [
        dated(b"000").replace(b"hi", b"ho"),
        dated(b"000").replace(b"200 OK", b"500 No"),
        dated(b"0000"),
        dated(b"000", b"\r\nX: 1" + REST),
        dated(b"000") + b"!",
        b"HTTP/1.1 404 No\r\n\r\n",
        b"!",
    ],
)
@pytest.mark.parametrize("size", [1, 24, 1_000])
def test_another_byte_is_wrong(wrong: bytes, size: int) -> None:
    judge, begun = ExactJudge(dated(b"000"), VARYING), None
    with pytest.raises(WrongAnswerError):  # noqa: PT012 - whichever piece it is
        for at in range(0, len(wrong), size):
            _, begun = judge.read(begun, wrong[at : at + size])


@pytest.mark.parametrize("size", [1, 30, 1_000])
def test_what_becomes_of_the_connection_may_be_said_and_nothing_else(size: int) -> None:
    told = b"HTTP/1.1 200 OK\r\nConnection: close\r\nDate: 007" + REST
    judge, begun, answers = ExactJudge(dated(b"000"), VARYING), None, 0
    for at in range(0, len(told), size):
        more, begun = judge.read(begun, told[at : at + size])
        answers += more
    assert (answers, begun, judge.closes) == (1, None, True)
    assert judge.read(None, dated(b"000")) == (1, None)
    assert not judge.closes
    with pytest.raises(WrongAnswerError):
        judge.read(None, told.replace(b"hi", b"ho"))


def test_a_count_down_of_requests_may_go_on() -> None:
    counts = [
        b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=%d\r\nContent-Length: 2\r\n\r\nhi" % left
        for left in (100, 99, 9)
    ]
    judge = ExactJudge(counts[0])
    for one in counts:
        assert judge.read(None, one) == (1, None)


def test_several_at_once_and_one_that_has_begun() -> None:
    judge = ExactJudge(RESPONSE)
    count, begun = judge.read(None, RESPONSE * 3 + RESPONSE[:7])
    assert (count, begun is not None) == (3, True)
    assert not judge.is_surplus(begun, RESPONSE[7:], 1)
    assert judge.is_surplus(begun, RESPONSE[7:] + b"x", 1)
    assert judge.read(begun, RESPONSE[7:]) == (1, None)
