"""Figures by expression over the columns of trials.csv."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from analysis.claims.expression import parse


def test_expressions_read_columns_of_every_kind() -> None:
    frame = pd.DataFrame(
        {
            "requests": [10, None],
            "window_s": [2.0, 0.0],
            "worker_accepts": ["[1, 3]", None],
            "kinds": [json.dumps({"/": {"p99_us": 4}}), None],
            "syscalls": ["{}", None],
            "error_kinds": ["reset=3 timeout=1", None],
            "server_limit": ["FD_SETSIZE: no more", None],
        }
    )
    expected = {
        "requests / window_s": 5,
        "-(requests - 4) * 2 + 1": -11,
        "largest(worker_accepts) / total(worker_accepts)": 0.75,
        "smallest(worker_accepts)": 1,
        "item(kinds, '/', 'p99_us')": 4,
        "or_zero(syscalls, 'epoll_ctl')": 0,
        "counted(error_kinds, 'reset')": 3,
        "counted(error_kinds, 'other')": 0,
        "names(server_limit, 'FD_SETSIZE')": 1,
    }
    for text, value in expected.items():
        found = parse(text).of(frame)
        assert found.iloc[0] == pytest.approx(value), text
        if text.startswith(("counted", "names")):
            assert found.iloc[1] == 0, text
        else:
            assert pd.isna(found.iloc[1]), text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("requests +", "no expression"),
        ("request_per_s", "no column of numbers"),
        ("requests ** 2", "neither a number"),
        ("__import__('os')", "neither a number"),
        ("largest(requests)", "no column of text"),
        ("biggest(worker_accepts)", "there is no function biggest"),
        ("item(kinds)", "takes a column and 1 or 2 or 3 names"),
        ("item(kinds, 1)", "stands in quotes"),
        ("requests.sum()", "neither a number"),
    ],
)
def test_what_is_no_expression_is_told(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse(text)
