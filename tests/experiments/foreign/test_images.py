"""Images of foreign servers: found in whatever form they are named, pulled, or missing."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, cast

import pytest

from contract.exits import Exit, LabError
from experiments.docker.driver import AbsentError
from experiments.foreign.images import (
    Found,
    complete,
    ensure_foreign,
    keep_files,
    same_image,
)
from experiments.images.image import Image
from experiments.plan.foreign_server import Foreign
from tests.support.experiments import experiment

ID = "0123456789abcdef" * 4


class NoApi:
    """An engine with these images, in front of registries without any."""

    def __init__(self, *known: str) -> None:
        self.known = known

    def inspect_image(self, name: str) -> dict[str, Any]:
        if name not in self.known:
            raise AbsentError(f"no such image: {name}")
        return {"Id": f"sha256:{ID}", "Architecture": "arm64" if "arm" in name else "amd64"}

    def pull(self, reference: str, **_: object) -> list[dict[str, str]]:
        return [{"error": f"no {reference} there"}]


class NoImages:
    """A driver for `ImageStore`."""

    def __init__(self, *known: str) -> None:
        self.api = NoApi(*known)

    def guard(self, _doing: str) -> Any:
        return contextlib.nullcontext()

    def info(self) -> dict[str, Any]:
        return {"Architecture": "x86_64"}


def test_an_image_that_is_nowhere_is_told_before_the_first_trial() -> None:
    said: list[str] = []
    with pytest.raises(LabError, match=r"server my_app: .*no my-app:latest there\n.*docker") as no:
        ensure_foreign(cast(Any, NoImages()), cast(Any, None), [_foreign("my-app")], said.append)
    assert no.value.exit is Exit.NOT_READY
    assert said == ["image my-app:latest: it is not here; pulling it"]


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("a", "a:latest"),
        ("host:5000/a", "host:5000/a:latest"),
        ("host:5000/a:1", "host:5000/a:1"),
        ("a@sha256:b", "a@sha256:b"),
    ],
)
def test_docker_s_tag_is_latest(given: str, whole: str) -> None:
    assert complete(given) == whole


def _foreign(image: str, **more: Any) -> Foreign:
    return Foreign.model_validate({"image": image, **more})


def found(image: str, *known: str, **more: Any) -> list[Found]:
    engine = cast(Any, NoImages(*known))
    return ensure_foreign(engine, cast(Any, None), [_foreign(image, **more)], lambda _: None)


@pytest.mark.parametrize(
    ("image", "known"),
    [
        ("me/shop:1", "me/shop:1"),
        ("docker.io/me/shop:1", "docker.io/me/shop:1"),
        ("index.docker.io/library/shop", "index.docker.io/library/shop:latest"),
        (ID[:12], ID[:12]),
        (ID, ID),
        (f"sha256:{ID}", f"sha256:{ID}"),
        (f"shop@sha256:{ID}", f"shop@sha256:{ID}"),
        # What this engine has built has an id, and no digest.
        (f"shop@sha256:{ID}", ID),
        (f"shop:1@sha256:{ID}", ID),
    ],
)
def test_image_is_found_in_every_form_that_docker_takes(image: str, known: str) -> None:
    (one,) = found(image, known)
    assert one.image.id == f"sha256:{ID}"


def test_name_is_never_taken_for_the_start_of_an_id() -> None:
    with pytest.raises(LabError, match="no cafe:latest there"):
        found("cafe", "cafe")


def test_id_that_is_not_there_is_not_pulled() -> None:
    with pytest.raises(LabError, match=f"no image in the engine has the id {ID[:12]}\n"):
        found(ID[:12])


def test_images_of_what_a_server_needs_are_found_and_pinned_beside_it() -> None:
    needs = {"db": {"image": "db:1", "port": 5432}}
    (one,) = found("shop:1", "shop:1", "db:1", needs=needs)
    assert one.pinned == {"shop": f"sha256:{ID}", "shop/db": f"sha256:{ID}"}
    described = one.describe(Path())
    assert described["needs"]["db"]["id"] == described["id"] == f"sha256:{ID}"
    with pytest.raises(LabError, match=r"server shop, which needs db: .*no db:1 there") as caught:
        found("shop:1", "shop:1", needs=needs)
    assert "server shop:" not in str(caught.value)


def test_an_image_for_another_processor_is_told_and_recorded() -> None:
    """An engine may start it all the same, under an emulator: its figures are the emulator's."""
    db = {"port": 5432}
    (one,) = found("arm/shop:1", "arm/shop:1", "db:1", needs={"db": {"image": "db:1", **db}})
    words = "says that it is for arm64, and the engine's machine is x86_64: "
    (note,) = one.emulated
    assert note.startswith(f"the image of shop {words}")
    described = one.describe(Path())
    assert described["emulated"] == "arm64 on x86_64"
    assert "emulated" not in described["needs"]["db"]
    (other,) = found("shop:1", "shop:1", "arm/db:1", needs={"db": {"image": "arm/db:1", **db}})
    (note,) = other.emulated
    assert note.startswith(f"the image of db, which shop needs, {words}")
    described = other.describe(Path())
    assert described["needs"]["db"]["emulated"] == "arm64 on x86_64"
    assert "emulated" not in described


def test_an_image_for_the_engine_s_own_processor_is_no_news() -> None:
    (one,) = found("shop:1", "shop:1")
    assert one.emulated == []
    assert "emulated" not in one.describe(Path())


def test_files_are_copied_for_the_run_and_hashed_in_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("one")
    keys = {"image": "shop:1", "files": {"a.conf": "/etc/a.conf"}}
    server = Foreign.model_validate(keys, context={"folder": tmp_path})
    run = tmp_path / "run"
    one = Found(server, Image("sha256:1", (), (), {}))
    keep_files([one], run)
    before = one.describe(run)["files_sha256"]
    assert (run / "files" / "a.conf").read_text() == "one"
    (tmp_path / "a.conf").write_text("two")
    assert one.describe(run)["files_sha256"] == before
    keep_files([one], run)
    assert one.describe(run)["files_sha256"] != before


def test_two_files_of_one_name_cannot_both_be_given(tmp_path: Path) -> None:
    servers = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.conf").write_text(name)
        keys = {"image": name, "files": {"a.conf": "/etc/a.conf"}}
        server = Foreign.model_validate(keys, context={"folder": folder})
        servers.append(Found(server, Image("sha256:1", (), (), {})))
    with pytest.raises(LabError, match=r"both give 'a\.conf'; rename one") as caught:
        keep_files(servers, tmp_path / "run")
    assert caught.value.exit is Exit.BAD_INPUT


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ({"image": "shop:1"}, {"image": "shop:2"}, True),
        ({"image": "shop:1"}, {"image": "shop:2", "environment": {"POOL": "8"}}, False),
        ({"image": "shop:1"}, {"image": "other:1"}, False),
    ],
)
def test_servers_that_nothing_tells_apart_are_told(
    a: dict[str, Any], b: dict[str, Any], same: bool
) -> None:
    """The tags of `shop` are of one image."""
    found = [
        Found(Foreign(name=name, **given), Image(given["image"].partition(":")[0], (), (), {}))
        for name, given in (("one", a), ("two", b))
    ]
    asked = experiment(compare={"a": "one", "b": "two"})
    told = [
        "one and two are the same image: an A/A test, which calls a difference by chance in at "
        "most one of twenty runs"
    ]
    assert same_image(asked, found) == (told if same else [])
    assert same_image(experiment(), found) == []
