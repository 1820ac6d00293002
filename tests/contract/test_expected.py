"""What is expected of answers, in the words of a form: read, refused, and told again."""

from __future__ import annotations

import pytest

from contract.expected import (
    ANY,
    MATCHES,
    Expected,
    check_pattern,
    parse_headers,
    parse_statuses,
)


@pytest.mark.parametrize(
    "expected",
    [
        Expected(),
        Expected(statuses=(200, 204), body="é, ok", headers=(("X-A", "b, c"), ("Y", ""))),
        Expected(body=r"^\d+$", body_is=MATCHES),
        Expected(body_is=ANY),
    ],
)
def test_a_form_says_what_is_expected(expected: Expected) -> None:
    form = expected.form
    assert expected == Expected(
        statuses=parse_statuses(form["expect_status"]),
        body=form["expect_body"],
        body_is=form["expect_body_is"],
        headers=parse_headers(form["expect_headers"]),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no status; write it like 200, or 200, 204"),
        ("200,", "'' is no status"),
        ("ok", "'ok' is no status"),
        ("2e2", "'2e2' is no status"),
        ("100", "100 is not from 200 to 599"),
        ("200, 600", "600 is not from 200 to 599"),
    ],
)
def test_statuses_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_statuses(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("X: 1", "no JSON"),
        ("[1]", "no names with texts"),
        ('{"X": 1}', "no names with texts"),
        ('{"X Y": "1"}', "'X Y' is no name of a header"),
        ('{"": "1"}', "'' is no name of a header"),
    ],
)
def test_headers_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_headers(text)


def test_a_pattern_that_is_none() -> None:
    assert check_pattern("^ok$") == "^ok$"
    with pytest.raises(ValueError, match="is no regular expression: "):
        check_pattern("(")
