"""The order in which runs began, from their numbers, and from the clock where these cannot tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract.run_order import given_twice, in_order, next_sequence, sequence


def runs(results: Path, *numbers: object) -> list[Path]:
    """Runs named after days, the first of them last by the clock."""
    found = []
    for place, number in enumerate(numbers):
        folder = results / "c10k" / f"2026010{9 - place}-120000"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"sequence": number}))
        found.append(folder)
    return found


@pytest.mark.parametrize(
    ("numbers", "order"),
    [
        ((1, 2, 3), (0, 1, 2)),
        ((3, 2, 1), (2, 1, 0)),
        ((1, None, "2"), (2, 1, 0)),  # no numbers of runs: by name, before those that have one
        ((1, 1, 2), (2, 1, 0)),
        ((2, 5, 2), (2, 1, 0)),
        ((), ()),
    ],
)
def test_numbers_tell_and_where_one_was_given_twice_the_clock(
    tmp_path: Path, numbers: tuple[object, ...], order: tuple[int, ...]
) -> None:
    found = runs(tmp_path, *numbers)
    assert in_order(found) == [found[place] for place in order]


def test_runs_without_a_number_have_none_in_common() -> None:
    assert given_twice([0, 0, 3, 1, 3, 2, 1]) == [3, 1]
    assert given_twice([0, 0, 1]) == []


def test_runs_are_numbered_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    """The clock was set back between the second and the third; before, there were no numbers."""
    for name, number in (
        ("c10k/20260101-120000", None),
        ("smoke/20260102-120000", None),
        ("c10k/20260103-120000", 1),
        ("smoke/20250101-120000", 2),
        ("c10k/20240101-120000", 3),
    ):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        manifest = {} if number is None else {"sequence": number}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    found = in_order(tmp_path.glob("*/*"))
    assert [one.name[:4] for one in found] == ["2026", "2026", "2026", "2025", "2024"]
    assert found[0].name < found[1].name
    assert next_sequence(tmp_path) == 4
    assert next_sequence(tmp_path / "empty") == 1
    for odd in ("{", "[]", '{"sequence": "9"}', '{"sequence": -9}', ""):
        (found[-1] / "manifest.json").write_text(odd)
        assert sequence(found[-1]) == 0
    assert next_sequence(tmp_path) == 3
