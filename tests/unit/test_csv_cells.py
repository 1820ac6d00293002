"""Numbers and texts read eight bytes at a time are those that Python reads one by one."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from analysis import csv_numbers, csv_texts
from analysis.csv_cells import columns
from analysis.csv_numbers import numbers
from analysis.csv_texts import EMPTY, coded, texts
from analysis.csv_whole import Growing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.csv_cells import Cells


def cells(column: Sequence[str], *, number: bool = False) -> Cells:
    """A column between two others, which must not leak into it."""
    lines = "".join(f"77,{cell},9\n" for cell in column)
    found = columns(lines.encode(), [True, number, True])
    assert found is not None
    return found[1]


def plain_number(source: np.random.Generator) -> str:
    if source.random() < 0.1:
        return ""
    if source.random() < 0.4:
        return str(source.integers(10 ** int(source.integers(1, 16))))
    whole = source.integers(10 ** int(source.integers(1, 9)))
    return f"{whole}.{source.integers(10**8):0{source.integers(1, 9)}d}"


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cells that are cut out and read one by one."""
    taken: list[str] = []

    def cut(of: Cells) -> list[str]:
        found = csv_texts.cut(of)
        taken.extend(found)
        return found

    monkeypatch.setattr(csv_numbers, "cut", cut)
    return taken


@pytest.mark.parametrize("longest", [3, 8, 9, 16])
def test_plain_numbers_are_rounded_as_python_does(longest: int, one_by_one: list[str]) -> None:
    source = np.random.default_rng(longest)
    written = [cell for _ in range(20_000) if len(cell := plain_number(source)) <= longest]
    found = numbers(cells(written, number=True))
    expected = [float(cell) if cell else math.nan for cell in written]
    np.testing.assert_array_equal(found, expected)
    assert len(written) > 1000
    assert not one_by_one


ODD = "1e5 -1 +1 5. 1234567890.1234567 9007199254740993 99999999999999999999 1E-3 12345678. 3\u0664"
BAD = "1.2.3 . .. 1..2 a 0x10 nan 12345678.1.1 1.2345678.12 - 1234567.12345.6 1-2 1:2 /5 \xe91"


@pytest.mark.parametrize("odd", [*ODD.split(), " 1", '"5"'])
def test_other_numbers_are_read_one_by_one(odd: str, one_by_one: list[str]) -> None:
    for others in ([], ["5"], ["", "123456.75"]):
        found = numbers(cells([*others, odd], number=True))
        assert found[-1] == float(odd.strip('"'))
    assert one_by_one


@pytest.mark.parametrize("bad", [*BAD.split(), '"1,2"'])
def test_what_is_no_number_is_refused(bad: str) -> None:
    for others in ([], ["5"], ["", "123456.75"]):
        with pytest.raises(ValueError, match=r"could not convert|NaN"):
            numbers(cells([*others, bad], number=True))


def test_equal_cells_are_one() -> None:
    assert numbers(cells(["2.50"] * 9, number=True)).tolist() == [2.5]
    assert numbers(cells(["2.50"] * 9 + ["2.5"], number=True)).tolist() == [2.5] * 10
    assert np.isnan(numbers(cells(["", ""], number=True))).all()
    found = coded(cells(["same"] * 9))
    assert (found.codes.tolist(), found.texts) == ([0], ["same"])
    assert coded(cells(["", ""])).codes.tolist() == [EMPTY]


def decoded(found: Any) -> list[str]:
    return [found.texts[code] if code >= 0 else "" for code in found.codes]


@pytest.mark.parametrize("longest", [1, 7, 8, 9, 16, 17, 63, 64, 65, 200])
def test_texts_are_those_of_the_csv_module(longest: int) -> None:
    source = np.random.default_rng(longest)
    signs = list('ab é",\n')
    kinds = ["".join(source.choice(signs, source.integers(longest))) for _ in range(40)]
    rows = [*source.choice(kinds, 500).tolist(), *kinds, "z" * longest]
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([["7", row, "9"] for row in rows])
    found = columns(written.getvalue().encode(), [True, False, True])
    assert found is not None
    assert texts(found[1]) == rows
    assert decoded(coded(found[1])) == rows


@pytest.mark.parametrize("same", ["ODD", "SHIFT"])
def test_texts_that_are_mixed_into_one_number_are_told_apart(
    same: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_texts, same, np.uint64(0))
    column = [f"begins-{n % 7:03}-ends-here{n % 3}" for n in range(100)]
    assert decoded(coded(cells(column))) == column


def test_nothing_in_quotes_is_nothing() -> None:
    column = ["a", '""', "", "b", '"b"']
    assert decoded(coded(cells(column))) == ["a", "", "", "b", "b"]
    assert np.isnan(numbers(cells(["1", '""', ""], number=True))[1:]).all()


def test_records_of_another_width_are_none() -> None:
    for raw in (b"1,2\n3\n", b"1\n2,3\n", b"1\n2\n", b"1,2,3\n4\n", b"1,2\n\n", b"1,2\n3,4"):
        assert columns(raw, [False, False]) is None, raw


ALONE = ['1,"', '1,"a', '1,a"', '1,a"b"', '1,a"\n2,b"', '1,a"",""b', '1,""b', '1,"a""b"c']


@pytest.mark.parametrize("lines", [*ALONE, '1,"a"b'])
def test_a_quote_that_stands_alone_is_none(lines: str) -> None:
    assert columns(f"{lines}\n".encode(), [False, False]) is None


def test_a_column_grows_from_one_cell_to_all() -> None:
    column = Growing(np.array([np.nan]))
    one, nothing = np.array([4.0]), np.array([np.nan])
    column.add(one, 0, 3, 10)
    column.add(one, 3, 5, 10)
    assert column.cells(5).tolist() == [4]
    column.add(nothing, 5, 6, 10)
    column.add(np.array([1.0, 2.0]), 6, 8, 10)
    column.add(one, 8, 12, 20)
    np.testing.assert_array_equal(column.cells(12), [4, 4, 4, 4, 4, math.nan, 1, 2, 4, 4, 4, 4])
    missing = Growing(np.array([np.nan]))
    for start in range(3):
        missing.add(nothing, start, start + 1, 10)
    assert len(missing.cells(3)) == 1
