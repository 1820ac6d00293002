"""What is read in a server's log, which a foreign server may fill as it likes."""

from __future__ import annotations

import pytest

from experiments.records.server_log import events, last_lines, told

LIMIT = '{"event": "limit", "limit": "X", "message": "m"}'


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "li',
        '{"bytes": ' + "1" * 5_000 + "}",
        '{"a":' * 100_000,
        "{}}",
        "plain text",
    ],
    ids=["torn", "long number", "deep", "more than an object", "plain"],
)
def test_a_line_that_cannot_be_read_hides_none_beside_it(line: str) -> None:
    assert [one["limit"] for one in events(f"{LIMIT}\n{line}\n{LIMIT}")] == ["X", "X"]


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("", ""),
        ("\n  \n", ""),
        ("one\n\n  two\n", "one | two"),
        (
            "return open(key)\n       ~~~~^^^^^\nPermissionError",
            "return open(key) | PermissionError",
        ),
        ("\n".join(map(str, range(20))), "14 | 15 | 16 | 17 | 18 | 19"),
        ("x" * 1_000 + "\nKeyError: 'port'\n", "..." + "x" * 581 + " | KeyError: 'port'"),
    ],
)
def test_last_lines_are_bounded_and_in_one(log: str, told: str) -> None:
    assert last_lines(log) == told


def test_an_event_is_told_by_its_name_and_by_nothing_else() -> None:
    log = 'it is "listening"\n{"port": 8080}\n{"event": "limit", "limit": "listening"}\n'
    assert not told(log, "listening")
    assert told(f'{log}{{"event": "listening"}}\n', "listening")
