"""Answers that differ are judged by their framing and what is expected, by one look or apart."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.expected import ANY, CONTAINS, MATCHES, Expected
from loadgen.answers.framing import FramingJudge
from loadgen.answers.judge import Begun, Judge
from loadgen.answers.meaning import Meaning
from loadgen.answers.wrong import FramingError, WrongAnswerError
from tests.support.made_up_answers import ANSWERS

HEAD = b"HTTP/1.1 200 OK\r\nX: %d\r\n"


def sized(number: int, body: bytes) -> bytes:
    return HEAD % number + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(number: int, *parts: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))
    return HEAD % number + b"Transfer-Encoding: chunked\r\n\r\n" + chunks


FREE = Meaning(Expected(body_is=ANY))


def counted(judge: Judge, pieces: Sequence[bytes]) -> tuple[int, bool] | str:
    """How many answers end in the pieces, and whether one more has begun; or that one is wrong."""
    begun: Begun | None = None
    answers = 0
    try:
        for piece in pieces:
            more, begun = judge.read(begun, piece)
            answers += more
    except WrongAnswerError:
        return "wrong"
    return answers, begun is not None


@pytest.mark.parametrize("learnt", [sized(1, b"tick 1"), chunked(1, b"tick ", b"1")])
def test_answers_that_differ_are_right_by_one_look(learnt: bytes) -> None:
    judge = FramingJudge(learnt, FREE)
    make = sized if b"Length" in learnt else chunked
    for answer in (make(2, b"tick 2"), make(33, b"tick 33, and more"), make(4, b"t")):
        assert answer == judge.expected
        assert counted(judge, [answer]) == (1, False)
        assert answer + b"!" != judge.expected
        assert answer[:-1] != judge.expected
    assert judge.expected != b""  # what a read brings at the end of a connection
    assert chunked(5, b"ti", b"c", b"k") == FramingJudge(chunked(1, b"tick"), FREE).expected


@pytest.mark.parametrize(
    "answer",
    [
        HEAD % 1 + b"Y: 2\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 1\r\n\r\nhi",
        b"HTTP/1.1 200 Fine\r\nX: 1\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + sized(1, b"hi"),
        chunked(1, b"h", b"i"),
        HEAD % 1 + b"Content-Length: 2\r\nConnection: close\r\n\r\nhi",
    ],
)
def test_what_does_not_look_alike_is_taken_apart_and_right(answer: bytes) -> None:
    judge = FramingJudge(sized(1, b"hi"), FREE)
    assert answer != judge.expected
    assert counted(judge, [answer]) == (1, False)
    assert judge.closes == (b"close" in answer)
    assert counted(judge, [bytes([one]) for one in answer]) == (1, False)
    assert counted(judge, [answer + sized(2, b"ho") + answer[:-1]]) == (2, True)


@pytest.mark.parametrize(
    ("meaning", "right", "wrong"),
    [
        (Meaning(Expected(statuses=(200, 201))), sized(1, b""), b"HTTP/1.1 500 No\r\nX: "),
        (Meaning(Expected(), b"same"), sized(1, b"same"), sized(1, b"some")),
        (Meaning(Expected(), b"same"), sized(1, b"same"), sized(1, b"same and more")),
        (Meaning(Expected(), b"same"), chunked(1, b"sa", b"me"), chunked(1, b"so", b"me")),
        (Meaning(Expected(body="yes")), sized(1, b"yes"), sized(1, b"yes!")),
        (Meaning(Expected(body="ok", body_is=CONTAINS)), sized(1, b"all ok"), sized(1, b"all k")),
        (
            Meaning(Expected(body=r"^\d+$", body_is=MATCHES)),
            sized(1, b"123"),
            sized(1, b"12 x"),
        ),
        (Meaning(Expected(body=r"^\d+$", body_is=MATCHES)), chunked(1, b"1"), chunked(1, b"x")),
        (Meaning(Expected(headers=(("x", "1"),))), sized(1, b""), sized(2, b"")),
        (Meaning(Expected(headers=(("X", ""),))), sized(1, b""), b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
)
def test_what_is_expected_is_checked_by_one_look_and_apart(
    meaning: Meaning, right: bytes, wrong: bytes
) -> None:
    judge = FramingJudge(right, meaning)
    assert right == judge.expected
    assert wrong != judge.expected
    for pieces in ([right], [right[:20], right[20:]], [bytes([one]) for one in right]):
        assert counted(judge, pieces) == (1, False)
    if wrong.endswith(b"X: "):
        wrong += b"1\r\n\r\n"
    for pieces in ([wrong], [wrong[:20], wrong[20:]], [bytes([one]) for one in wrong]):
        assert counted(judge, pieces) == "wrong"


def test_a_wrong_head_is_wrong_before_its_body_has_come() -> None:
    judge = FramingJudge(sized(1, b"hi"), FREE)
    with pytest.raises(WrongAnswerError, match="expected status 200, received"):
        judge.read(None, b"HTTP/1.1 500 Oops\r\n\r\n")


def test_a_body_that_ends_with_the_connection_is_judged_there() -> None:
    until_close = HEAD % 1 + b"\r\n"
    judge = FramingJudge(until_close + b"tick 1", Meaning(Expected(body="tick", body_is=CONTAINS)))
    for text, right in ((b"tick 22", True), (b"tock", False)):
        count, begun = judge.read(None, until_close + text)
        assert count == 0
        assert begun is not None
        if right:
            begun.end()
            assert begun.whole
        else:
            with pytest.raises(WrongAnswerError, match="a body that contains 'tick'"):
                begun.end()
    _, begun = judge.read(None, until_close[:-1])
    assert begun is not None
    with pytest.raises(FramingError):
        begun.end()


def test_more_than_is_asked_for_is_surplus_and_less_is_not() -> None:
    one, two = sized(1, b"tick 1"), sized(2, b"tick 22")
    judge = FramingJudge(one, FREE)
    _, begun = judge.read(None, one[:-3])
    for _ in range(2):  # asking changes nothing
        assert not judge.is_surplus(begun, one[-3:], 1)
        assert judge.is_surplus(begun, one[-3:] + two, 1)
        assert not judge.is_surplus(begun, one[-3:] + two, 2)
        assert judge.is_surplus(begun, one[-3:] + two[:1], 1)
    assert judge.is_surplus(None, b"!", 1)
    assert judge.is_surplus(None, two, 0)
    assert not judge.is_surplus(None, two[:9], 1)


LEARNT = st.sampled_from([sized(1, b"Hello"), chunked(1, b"Hello"), HEAD % 1 + b"\r\nHello"])
MEANINGS = st.sampled_from([FREE, Meaning(Expected(), b"Hello")])


@given(LEARNT, MEANINGS, ANSWERS, st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_one_look_takes_nothing_that_would_be_wrong_when_taken_apart(
    learnt: bytes, meaning: Meaning, data: bytes, cuts: list[int]
) -> None:
    judge = FramingJudge(learnt, meaning)
    apart = copy.copy(judge)
    apart._likeness = None
    whole = counted(apart, [data])
    assert counted(judge, [data]) == whole
    if data == judge.expected:
        assert whole == (1, False)
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        pieces.append(data[at : at + cuts[len(pieces) % len(cuts)]])
        at += len(pieces[-1])
    assert counted(judge, pieces) == whole
