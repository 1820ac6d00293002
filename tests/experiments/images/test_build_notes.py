"""The notes of builds: found once their build goes on no more, and nobody else's."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from experiments.images import build_notes
from experiments.images.build_notes import left, noted

IDS = ["0123456789ab", "123456789abc", "23456789abcd"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "builds"
    monkeypatch.setattr(build_notes, "FOLDER", made)
    monkeypatch.setattr(build_notes, "hand_over", lambda: None)
    return made


def made_by_left(whose: str = "me") -> list[list[str]]:
    return [note.made for note in left(whose)]


def test_a_note_is_found_when_its_build_goes_on_no_more_until_it_is_forgotten() -> None:
    with noted("me") as note:
        note.add(IDS[:1])
        note.add(IDS[:1])
        note.add(IDS)
        assert note.made == IDS
        assert made_by_left() == []
    assert made_by_left() == [IDS]
    assert made_by_left("you") == made_by_left("m") == []
    for one in left("me"):
        one.forget()
    assert made_by_left() == []


def test_of_a_build_that_came_to_its_end_nothing_is_found(folder: Path) -> None:
    with noted("me") as note:
        note.add(IDS)
        note.forget()
    assert list(folder.iterdir()) == []


def test_what_was_not_written_to_its_end_is_no_id(folder: Path) -> None:
    """The start of one may be the start of another's."""
    with noted("me") as note:
        note.add(IDS)
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-4])
    assert made_by_left() == [IDS[:2]]


def test_where_nothing_can_be_kept_a_build_does_without(folder: Path) -> None:
    folder.write_text("no folder")
    with noted("me") as note:
        note.add(IDS)
        assert note.made == IDS
        note.forget()
    assert folder.read_text() == "no folder"
    assert made_by_left() == []


def test_on_a_file_system_without_locks_a_build_does_without(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with noted("me") as note:
        note.add(IDS)
        assert list(folder.iterdir()) == []
