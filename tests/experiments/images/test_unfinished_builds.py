"""What a killed build left is removed, and no more than that; on a fake engine."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from experiments.docker.driver import AbsentError, InUseError
from experiments.docker.ownership import LABEL, LABEL_OWNER
from experiments.images import build_notes
from experiments.images.store import ImageStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from experiments.docker.engine import Engine

MINE = {LABEL: "1", LABEL_OWNER: "me"}
OTHERS = {LABEL: "1", LABEL_OWNER: "somebody"}


def identity(name: str) -> str:
    """An id of 64 digits, which begins as its name does."""
    return f"sha256:{name.ljust(64, '0')}"


class Images:
    """Images by name: the one below, the tag and the labels of each."""

    def __init__(self, **given: tuple[str, str, Mapping[str, str]]) -> None:
        self.there = {
            identity(name): {
                "Id": identity(name),
                "Parent": identity(parent),
                "RepoTags": [tag] if tag else None,
                "Labels": labels,
            }
            for name, (parent, tag, labels) in given.items()
        }

    def inspect_image(self, reference: str) -> dict[str, Any]:
        for name, image in self.there.items():
            if name.removeprefix("sha256:").startswith(reference.removeprefix("sha256:")):
                return {**image, "Config": {"Labels": image["Labels"]}}
        raise AbsentError(reference)

    def images(self, *, all: bool, filters: dict[str, list[str]]) -> list[dict[str, Any]]:  # noqa: A002 - the SDK's word
        assert all, "those below others as well"
        wanted = [one.partition("=")[::2] for one in filters["label"]]
        return [image for image in self.there.values() if all_of(image["Labels"], wanted)]

    def remove_image(self, reference: str, *, noprune: bool) -> None:
        assert noprune
        if any(image["Parent"] == reference for image in self.there.values()):
            raise InUseError(reference)
        del self.there[reference]

    @property
    def names(self) -> set[str]:
        return {name.removeprefix("sha256:").rstrip("0") for name in self.there}


def all_of(labels: object, wanted: Sequence[tuple[str, str]]) -> bool:
    assert isinstance(labels, dict)
    return all(labels.get(name) == value for name, value in wanted)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build_notes, "FOLDER", tmp_path)
    monkeypatch.setattr(build_notes, "hand_over", lambda: None)
    return tmp_path


def store_of(images: Images, engine: str = "E1") -> ImageStore:
    made = SimpleNamespace(
        api=images, owner="me", guard=lambda _: nullcontext(), info=lambda: {"ID": engine}
    )
    return ImageStore(cast("Engine", made))


@pytest.mark.parametrize(
    ("others", "stay", "kept"),
    [
        ({}, set(), False),
        # It was killed before it could read the id of a step.
        ({"c": ("b", "", MINE)}, set(), False),
        # Another build found the first of them in the cache.
        ({"d": ("a", "mine:1", MINE)}, {"a", "d"}, True),
        # Without a name on the last of them, but nobody's of this owner's.
        ({"c": ("b", "", OTHERS)}, {"a", "b", "c"}, True),
        # On what the build began with: any owner's label is inherited.
        ({"e": ("f", "", MINE)}, {"e"}, False),
        # It did come to its end, and somebody has built on what came out.
        ({"b": ("a", "c10k-lab/x:1", MINE), "e": ("b", "", MINE)}, {"a", "b", "e"}, False),
    ],
)
def test_what_a_killed_build_left_goes(
    folder: Path, others: dict[str, tuple[str, str, Mapping[str, str]]], stay: set[str], kept: bool
) -> None:
    images = Images(
        **{"f": ("", "base:1", MINE), "a": ("f", "", MINE), "b": ("a", "", MINE)} | others
    )
    store = store_of(images)
    with build_notes.noted(store._whose()) as note:
        note.add([identity(name).removeprefix("sha256:")[:12] for name in "ab"])
        store.clear_unfinished()
        assert {"a", "b"} < images.names, "it goes on"
    store_of(images, "E2").clear_unfinished()
    assert {"a", "b"} < images.names, "of another engine"
    store.clear_unfinished()
    assert images.names == {"f"} | stay
    assert [bool(path) for path in folder.iterdir()] == [True] * kept
