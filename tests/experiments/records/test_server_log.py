"""What is read in a server's log, which a foreign server may fill as it likes."""

from __future__ import annotations

import pytest

from experiments.records.server_log import events

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
