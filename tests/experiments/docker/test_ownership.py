"""Which tags are the lab's, which images a build made, and who the owner is."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from experiments.__main__ import cli
from experiments.cli import machine
from experiments.docker.ownership import LABEL_NAME, owner_id
from experiments.images.image import Image, made_by, own_tags, read_image

NAME = "c10k-lab/server:0123456789ab"
LATEST = "c10k-lab/server:latest"
LABELLED = {LABEL_NAME: NAME}


@pytest.mark.parametrize(
    ("tags", "labels", "own"),
    [
        ((NAME,), LABELLED, (NAME,)),
        ((LATEST, NAME), LABELLED, (NAME, LATEST)),
        ((NAME, "backup:1", "c10k-lab/server:pinned"), LABELLED, (NAME,)),
        ((NAME, "c10k-lab/load:latest"), LABELLED, (NAME,)),
        # Built from one of the lab's, whose labels it has: under names of its own, or of ours.
        (("kinds:1",), LABELLED, ()),
        ((), LABELLED, ()),
        ((LATEST,), LABELLED, ()),
        (("c10k-lab/server:mine",), LABELLED, ()),
        (("c10k-lab/server:ba9876543210",), LABELLED, ()),
        # Labels that call an image by a name that is not the lab's to give.
        (("kinds:1",), {LABEL_NAME: "kinds:1"}, ()),
        # Of a lab that did not put names into its images yet.
        ((LATEST, NAME), {}, (NAME, LATEST)),
        (("c10k-lab/server:mine", LATEST), {}, ()),
        (("mine:0123456789ab",), {}, ()),
    ],
)
def test_own_tags(tags: tuple[str, ...], labels: dict[str, str], own: tuple[str, ...]) -> None:
    assert own_tags(Image("sha256:1", tags, (), labels)) == own


def test_an_image_is_read_from_a_list_as_from_an_inspection() -> None:
    common = {"Id": "sha256:1", "RepoTags": ["a:1"], "RepoDigests": ["a@sha256:2"]}
    listed = {**common, "Labels": {"x": "1"}, "ParentId": "sha256:0"}
    inspected = {**common, "Config": {"Labels": {"x": "1"}}, "Parent": "sha256:0"}
    wanted = Image("sha256:1", ("a:1",), ("a@sha256:2",), {"x": "1"}, "sha256:0")
    assert read_image(listed) == read_image(inspected) == wanted
    assert read_image({**inspected, "Architecture": "arm64"}).architecture == "arm64"


def test_podman_names_an_image_that_is_from_no_registry_by_localhost() -> None:
    name = "c10k-lab/server:0123456789ab"
    made = {"Id": "1", "RepoTags": [f"localhost/{name}", "docker.io/library/python:3"]}
    image = read_image({**made, "Labels": {LABEL_NAME: name}})
    assert image.tags == (name, "docker.io/library/python:3")
    assert own_tags(image) == (name,)


def test_an_image_without_tags_labels_and_parent() -> None:
    listed = {"Id": "x", "RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"]}
    inspected = {"Id": "x", "RepoTags": None, "Config": {"Labels": None}, "Parent": ""}
    assert read_image(listed) == read_image(inspected) == Image("x", (), (), {})


def test_a_build_made_what_it_neither_began_with_nor_found() -> None:
    output = """\
Step 1/5 : FROM c10k-lab/base:1 AS lab
 ---> aaaaaaaaaaaa
Step 2/5 : ENV A=1
 ---> Using cache
 ---> bbbbbbbbbbbb
Step 3/5 : RUN make
 ---> Running in 999999999999
 ---> talk of the step
Removing intermediate container 999999999999
 ---> cccccccccccc
Step 4/5 : FROM lab
 ---> bbbbbbbbbbbb
Step 5/5 : COPY a b
 ---> dddddddddddd"""
    assert made_by(output.splitlines()) == ["cccccccccccc", "dddddddddddd"]


def test_the_owner_under_sudo_is_who_called_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "ann")
    ann = owner_id(tmp_path)
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert owner_id(tmp_path) != ann
    monkeypatch.setenv("SUDO_USER", "ann")
    assert owner_id(tmp_path) == ann
    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # inside `sudo -u`: not root, not ann
    assert owner_id(tmp_path) != ann


class Cleaned:
    """A driver of which only what `clean` asks is there."""

    def __init__(self, removed: list[str], left: list[str]) -> None:
        self.remove_all = removed.copy
        self.left = left.copy

    def __enter__(self) -> Cleaned:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("removed", "left", "said"),
    [
        ([], [], "nothing to remove\n"),
        (["a", "b:1"], [], "removed 2: a, b:1\n"),
        (
            ["a"],
            ["net", "b:1"],
            "removed 1: a\nkept 2: net, b:1: a container that is not the lab's uses each; "
            "`docker ps --all` lists them\n",
        ),
    ],
)
def test_clean_tells_what_went_and_what_stays(
    monkeypatch: pytest.MonkeyPatch, removed: list[str], left: list[str], said: str
) -> None:
    monkeypatch.setattr(machine, "RunLock", lambda *_: nullcontext())
    monkeypatch.setattr(machine, "DockerDriver", lambda: Cleaned(removed, left))
    done = CliRunner().invoke(cli, ["clean"])
    assert (done.exit_code, done.output) == (0, said)
