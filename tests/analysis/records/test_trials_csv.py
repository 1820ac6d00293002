"""A good file is read with its types, and every odd one is seen."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis.records import trials_csv
from contract.columns import NAMES
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

ODD = 'said "no", then\nleft, twice'


def edited(raw: bytes, name: str, cell: str, line: int = 2) -> bytes:
    lines = raw.decode().split("\n")
    cells = lines[line].split(",")
    cells[NAMES.index(name)] = cell
    lines[line] = ",".join(cells)
    return "\n".join(lines).encode()


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """A run with a reason that holds commas, quotes and a line's end, and with flags."""
    frame = made.trials(3)
    frame.loc[frame["server"] == "select", "reason"] = ODD
    frame["cork"] = [True, False, None] * (len(frame) // 3)
    raw = (made.write_run(tmp_path, frame) / "trials.csv").read_bytes()
    return edited(raw, "nodelay", "1")


def parsed(raw: bytes) -> pd.DataFrame | None:
    return trials_csv.parse(io.BytesIO(raw))


def test_texts_and_flags_are_those_of_the_file(content: bytes) -> None:
    found = parsed(content)
    assert found is not None
    assert ODD in set(found["reason"].dropna())
    assert found["cork"].tolist()[:3] == [True, False, pd.NA]
    assert found["nodelay"].tolist()[:3] == [pd.NA, True, pd.NA]


def test_a_column_may_be_empty_but_for_one_row(content: bytes) -> None:
    lines = content.decode().split("\n")
    plain = [n for n, line in enumerate(lines) if n and line.count(",") == len(NAMES) - 1]
    late = edited(content, "rate_per_s", "2.5", plain[-1])
    late = edited(late, "server_limit", "none left", plain[len(plain) // 2])
    found = parsed(late)
    assert found is not None
    assert found["rate_per_s"].dropna().tolist() == [2.5]
    assert (found["server_limit"] == "none left").sum() == 1


def test_numbers_are_those_of_the_file(content: bytes) -> None:
    found = parsed(content)
    assert found is not None
    text = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    for name in ("requests_per_s", "idle_connections", "response_p999_us"):
        expected = [float(cell) if cell else None for cell in text[name]]
        assert [None if pd.isna(v) else float(v) for v in found[name]] == expected


@pytest.mark.parametrize("word", ["007", "1.50", "true", "1e3", "nan", "NA"])
def test_a_word_stays_the_word_that_it_is(content: bytes, word: str) -> None:
    found = parsed(edited(content, "server", word))
    assert found is not None
    assert word in set(found["server"])


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("requests", "1.5"),
        ("requests", "-1"),
        ("requests", "1e300"),
        ("requests_per_s", "inf"),
        ("requests_per_s", "nan"),
        ("requests_per_s", "many"),
        ("requests_per_s", "-0.1"),
        ("validity", "fine"),
        ("server", ""),
        ("block", ""),
        ("cork", "maybe"),
        ("started_at", "yesterday"),
        ("started_at", "NaT"),
        ("started_at", "nan"),
        ("trial", ""),
    ],
)
def test_a_cell_that_does_not_fit_is_seen(content: bytes, name: str, cell: str) -> None:
    assert parsed(edited(content, name, cell)) is None


def test_a_line_that_is_too_short_or_too_long_is_seen(content: bytes) -> None:
    lines = content.split(b"\n")
    for line in (lines[2] + b",1", lines[2].rsplit(b",", 1)[0], b""):
        assert parsed(b"\n".join([*lines[:2], line, *lines[3:]])) is None


def test_a_trial_that_is_recorded_twice_is_seen(content: bytes) -> None:
    lines = content.split(b"\n")
    assert parsed(b"\n".join([*lines[:-1], lines[1], b""])) is None


def test_a_lone_quote_inside_a_cell_is_no_fault(content: bytes) -> None:
    found = parsed(edited(content, "server_limit", '5" disk'))
    assert found is not None
    assert '5" disk' in set(found["server_limit"].dropna())


def test_lines_may_end_as_on_windows(content: bytes) -> None:
    whole = parsed(content)
    found = parsed(content.replace(b"\n", b"\r\n").replace(b"then\r\n", b"then\n"))
    assert found is not None
    assert whole is not None
    pd.testing.assert_frame_equal(found, whole)


@pytest.mark.parametrize("name", ["rate_per_s", "watched", "path", "cork", "server_limit"])
def test_nothing_in_quotes_is_missing(content: bytes, name: str) -> None:
    found = parsed(edited(content, name, '""'))
    assert found is not None
    assert found[name].isna().iloc[1]


@pytest.mark.parametrize("name", ["trial", "block", "window_s", "server", "started_at", "load"])
def test_nothing_in_quotes_is_seen_where_there_has_to_be_something(
    content: bytes, name: str
) -> None:
    assert parsed(edited(content, name, '""')) is None


@pytest.mark.parametrize("name", ["trial", "server", "reason"])
@pytest.mark.parametrize("lines", [(2, 3), (2, 5), (2, 3, 4)])
def test_lone_quotes_in_several_lines_join_nothing(
    content: bytes, name: str, lines: tuple[int, ...]
) -> None:
    odd = content
    for line in lines:
        odd = edited(odd, name, f'{line}" disk', line)
    found, whole = parsed(odd), parsed(content)
    assert found is not None
    assert whole is not None
    assert len(found) == len(whole)
    assert {f'{line}" disk' for line in lines} <= set(found[name].dropna())


def test_a_lone_carriage_return_ends_no_record(content: bytes) -> None:
    lines = content.split(b"\n")
    assert parsed(b"\n".join([lines[0], lines[1] + b"\r" + lines[2], *lines[3:]])) is None


def test_a_header_alone_is_an_empty_frame(content: bytes) -> None:
    found = parsed(content.split(b"\n")[0] + b"\n")
    whole = parsed(content)
    assert found is not None
    assert whole is not None
    assert len(found) == 0
    assert found.columns.tolist() == whole.columns.tolist()
    numbers = [name for name in NAMES if str(whole[name].dtype) in ("Int64", "Float64")]
    assert [str(found[name].dtype) for name in numbers] == [
        str(whole[name].dtype) for name in numbers
    ]
