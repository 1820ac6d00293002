"""Dates alone may change in answers that are compared byte for byte."""

from __future__ import annotations

import email.utils

import pytest
from hypothesis import given

from loadgen.verification.alike import changing_places
from tests.support.loopback import with_head
from tests.support.made_up_answers import ANSWERS


def date(offset: int) -> bytes:
    return email.utils.formatdate(1_800_000_000 + offset, usegmt=True).encode()


def test_a_header_that_is_a_date_may_change_and_nothing_else() -> None:
    for name in (b"Date", b"Expires"):
        answers = [with_head(name + b": " + date(n), b"Server: s") for n in range(3)]
        (place,) = changing_places(answers) or ()
        assert answers[0][slice(*place)].strip() == date(0)
    for other in (
        with_head(b"Date: " + date(1), b"Server: x"),
        with_head(b"Date: " + date(1), b"Server: s", body=b"ho"),
        with_head(b"Server: s", b"Date: " + date(1)),
        with_head(b"Date: " + date(1)),
    ):
        assert changing_places([with_head(b"Date: " + date(0), b"Server: s"), other]) is None


def test_a_number_or_an_id_of_one_length_is_no_date() -> None:
    for values in ((b"1", b"2"), (b"0123456789abcdef", b"fedcba9876543210")):
        assert changing_places([with_head(b"Id: " + value) for value in values]) is None


def test_a_date_of_now_will_change_and_one_of_1996_never() -> None:
    now = email.utils.formatdate(usegmt=True).encode()
    answer = with_head(b"Date: " + now)
    (place,) = changing_places([answer, answer]) or ()
    assert answer[slice(*place)].strip() == now
    old = with_head(b"Date: Mon, 1 Jan 1996 01:01:01 GMT")
    assert changing_places([old, old]) == ()


@pytest.mark.parametrize(
    "value",
    [
        b"Sun, 06 Nov 1994 08:49:37 +99999999999999999999",
        b"Sun, 06 Nov 2094 08:49:37 +9999",
        b"Sun, 99 Nov 1994 99:99:99 GMT",
        b"Sun, 06 Nov 99999999999 08:49:37 GMT",
        b"Sun, 06 Nov 0000 08:49:37 GMT",
        b"06" * 5_000,
        b"\xff\xfe",
        b"",
    ],
)
def test_a_date_that_is_none_is_a_fixed_value(value: bytes) -> None:
    answer = with_head(b"Date: " + value)
    assert changing_places([answer, answer]) == ()


@given(ANSWERS, ANSWERS)
def test_any_two_answers_are_comparable_or_not(first: bytes, second: bytes) -> None:
    for one, other in ((first, second), (second, second)):
        for start, end in changing_places([one, other]) or ():
            assert 0 <= start <= end <= len(other)
