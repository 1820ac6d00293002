"""What a server does in a case, and whether that is what it has to do."""

from __future__ import annotations

import pytest

from contract.habits.cases import CASES, TOLD
from contract.habits.judging import Usual
from contract.request import Request
from contract.result.habits import CaseSeen, Ending
from loadgen.habits.scripts import scripts

STAYS, CLOSES = Usual(200, stays=True), Usual(200, stays=False)
BY_NAME = {one.name: one for one in CASES}


def keeps(name: str, *statuses: int, ending: Ending, usual: Usual = STAYS) -> bool | None:
    return BY_NAME[name].keeps(CaseSeen(statuses, ending), usual)


def test_each_case_has_its_bytes_and_no_two_have_one_name() -> None:
    asked = [name for name, _ in scripts(Request())]
    assert len(set(asked)) == len(asked)
    assert set(asked) == {*TOLD, *BY_NAME}


@pytest.mark.parametrize("name", ["no_host", "two_hosts", "bad_host", "space_before_colon"])
def test_what_must_be_refused_with_400_may_keep_its_connection(name: str) -> None:
    assert keeps(name, 400, ending="closed") is True
    assert keeps(name, 400, ending="kept") is True
    assert keeps(name, 200, ending="kept") is False
    assert keeps(name, 501, ending="closed") is False
    assert keeps(name, ending="closed") is False, "it says nothing"


@pytest.mark.parametrize("name", ["no_length", "signed_length", "two_lengths"])
def test_what_cannot_be_framed_must_be_refused_and_closed(name: str) -> None:
    assert keeps(name, 400, ending="closed") is True
    assert keeps(name, 400, ending="reset") is True
    assert keeps(name, 400, ending="kept") is False
    assert keeps(name, 200, ending="closed") is False


@pytest.mark.parametrize("name", ["length_and_coding", "old_with_coding"])
def test_two_framings_may_be_served_if_the_connection_ends(name: str) -> None:
    assert keeps(name, 200, ending="closed") is True
    assert keeps(name, 400, ending="closed") is True
    assert keeps(name, 200, ending="kept") is False
    assert keeps(name, 200, ending="open") is False


@pytest.mark.parametrize("name", ["space_after_start_line", "bare_cr", "folded_line"])
def test_who_serves_a_hidden_header_and_closes_has_read_it(name: str) -> None:
    assert keeps(name, 400, ending="closed") is True
    assert keeps(name, 200, ending="kept") is True
    assert keeps(name, 200, ending="closed") is False
    assert keeps(name, 200, ending="closed", usual=CLOSES) is None, "it always closes"


def test_a_folded_line_is_refused_with_400_and_nothing_else() -> None:
    assert keeps("folded_line", 431, ending="closed") is False
    assert keeps("bare_cr", 431, ending="closed") is True
    assert keeps("bare_cr", ending="closed") is True, "closed without an answer"


def test_chunks_are_read_if_the_next_request_is_answered() -> None:
    assert keeps("chunked", 200, ending="kept") is True
    assert keeps("chunked", 405, ending="kept") is True
    assert keeps("chunked", 411, ending="closed") is True, "a length may be asked for"
    assert keeps("chunked", 501, ending="closed") is False
    assert keeps("chunked", ending="open") is False
    assert keeps("chunked", 200, ending="closed") is None, "it may not have read it"


def test_a_size_that_wraps_around_is_read_by_who_goes_on() -> None:
    assert keeps("huge_chunk", 400, ending="closed") is True
    assert keeps("huge_chunk", ending="open") is True, "it waits for the rest"
    assert keeps("huge_chunk", 200, ending="open") is True
    assert keeps("huge_chunk", 200, ending="kept") is False
    assert keeps("huge_chunk", 200, ending="closed") is None


def test_a_body_is_not_answered_as_a_request() -> None:
    assert keeps("body_like_a_request", 200, ending="kept") is True
    assert keeps("body_like_a_request", 200, ending="closed") is True
    assert keeps("body_like_a_request", 200, 200, ending="kept") is False
    assert keeps("body_like_a_request", ending="closed") is None


def test_an_expectation_is_answered_before_the_body_comes() -> None:
    assert keeps("expectation", 100, 200, ending="kept") is True
    assert keeps("expectation", 417, ending="closed") is True
    assert keeps("expectation", ending="open") is False
    assert keeps("old_expectation", 200, ending="closed") is True
    assert keeps("old_expectation", 100, 200, ending="closed") is False
    assert keeps("old_expectation", ending="closed") is None


def test_long_targets_are_taken_and_longer_ones_refused_with_414() -> None:
    assert keeps("long_target", 404, ending="kept") is True
    assert keeps("long_target", 414, ending="closed") is False
    assert keeps("long_target", ending="closed") is False
    assert keeps("too_long_target", 414, ending="closed") is True
    assert keeps("too_long_target", 200, ending="kept") is True
    assert keeps("too_long_target", 431, ending="closed") is False


def test_a_wish_to_close_is_followed_after_the_usual_answer() -> None:
    assert keeps("close", 200, ending="closed") is True
    assert keeps("close", 200, ending="kept") is False
    assert keeps("close", ending="closed") is False


def test_unknown_codings_and_sizes_that_are_none() -> None:
    assert keeps("unknown_coding", 501, ending="closed") is True
    assert keeps("unknown_coding", 400, ending="closed") is False
    assert keeps("coding_not_last", 400, ending="closed") is True
    assert keeps("coding_not_last", 501, ending="kept") is False
    assert keeps("chunk_size", 400, ending="closed") is True
    assert keeps("chunk_size", 200, ending="closed") is False


def test_the_lenient_ways_are_as_usual() -> None:
    for name in ("empty_line", "absolute_form"):
        assert keeps(name, 200, ending="kept") is True
        assert keeps(name, 400, ending="closed") is False
    assert keeps("garbage", 400, ending="closed") is True
    assert keeps("garbage", ending="closed") is False
    assert {one.name for one in CASES if one.level == "MAY"} == {"bare_lf"}
