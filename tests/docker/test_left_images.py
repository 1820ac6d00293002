"""What builds leave without a name: it goes with what stands on it, and nobody else's does."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from experiments.docker.docker_driver import DockerDriver
from experiments.docker.ownership import LABEL_OWNER, ROLE_IMAGE, labels
from experiments.images import base, build_notes, debootstrap
from experiments.images.base import ensure_base
from experiments.images.store import BuildFailedError, ImageStore, label_step
from experiments.paths import ROOT
from tests.support.strangers import Strangers, context

if TYPE_CHECKING:
    import docker

    from experiments.images.build import Images
    from experiments.images.image import Image

pytestmark = [pytest.mark.docker, pytest.mark.lockless]

BUILDS = """
import sys
from experiments.docker.docker_driver import DockerDriver
from experiments.images.store import ImageStore
from tests.support.strangers import context
with DockerDriver(owner=sys.argv[1]) as driver:
    ImageStore(driver).build(context(sys.argv[2]), sys.argv[3])
"""
ENTRY = 'ENTRYPOINT ["false"]'


def everything(driver: DockerDriver) -> set[str]:
    """The images with this owner's label, those below others as well."""
    match = {"label": [f"{LABEL_OWNER}={driver.owner}"]}
    return {one["Id"] for one in driver.api.images(all=True, filters=match)}


def await_builder(driver: DockerDriver, *, gone: bool = False) -> None:
    """Wait until the container of a step runs, or none is left of it."""
    match = {"label": [f"{LABEL_OWNER}={driver.owner}"]}
    deadline = time.monotonic() + 60
    while bool(driver.api.containers(all=gone, filters=match)) == gone:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("built_again", [False, True])
def test_what_a_killed_build_left_goes_and_nothing_of_a_stranger_s(
    driver: DockerDriver, images: Images, strangers: Strangers, built_again: bool
) -> None:
    reference, store = f"c10k-lab/{driver.owner}:1", ImageStore(driver)
    marks = label_step(labels(driver.owner, ROLE_IMAGE, None, reference))
    steps = f"FROM {images.base.reference}\n{marks}\nENV A=1\n"
    process = subprocess.Popen(  # noqa: S603 - our own words
        (sys.executable, "-c", BUILDS, driver.owner, f"{steps}RUN sleep 60\n", reference), cwd=ROOT
    )
    try:
        await_builder(driver)
        store.clear_unfinished()  # it goes on
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    await_builder(driver, gone=True)
    assert len(everything(driver)) == 2
    tag, other = f"c10k-stranger/{driver.owner}:one", strangers.marks("image", None)
    for number in (1, 2):  # the first one has no tag any more
        more = f"{label_step(other)}\nENV STRANGER={number}\n"
        strangers.build(f"FROM {images.base.reference}\n{more}", tag)
    strangers.remember()
    if built_again:
        made = store.build(context(f"{steps}ENV B=1\n"), reference)
        store.clear_unfinished()
        assert made.id in everything(driver)
        assert driver.remove_all() == [reference]
    else:
        assert driver.remove_all() == []
    assert strangers.now() == strangers.before
    strangers.leave()
    assert everything(driver) == set()
    store.clear_unfinished()
    assert list(build_notes.left(store._whose())) == []


def test_a_build_that_fails_leaves_nothing(driver: DockerDriver, images: Images) -> None:
    steps = f"FROM {images.base.reference}\nLABEL {LABEL_OWNER}={driver.owner}\nENV A=1\nRUN exit 9"
    with pytest.raises(BuildFailedError, match="returned a non-zero code: 9"):
        ImageStore(driver).build(context(steps), f"c10k-lab/{driver.owner}:1")
    assert everything(driver) == set()


def test_a_stranger_s_base_outlives_what_was_built_on_it(
    driver: DockerDriver, images: Images, raw: docker.DockerClient, strangers: Strangers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    tag = f"c10k-stranger/{driver.owner}:base"
    mine = strangers.build(f"FROM {images.server}\nENV BASE=1\n{ENTRY}\n", tag)
    monkeypatch.setenv(base.VARIABLE, tag)
    made = ensure_base(driver, ImageStore(driver), lambda _: None)
    assert made.origin == "environment"
    assert not raw.images.get(made.reference).attrs["Config"]["Entrypoint"]
    raw.api.remove_image(tag, noprune=True)  # only the lab's own image stands on it now
    strangers.remember()
    assert driver.remove_all() == [made.reference]
    assert strangers.now() == strangers.before
    assert mine in {one["Id"] for one in raw.api.images(filters={"dangling": True})}
    assert ImageStore(driver).find(made.image_id) is None


@pytest.fixture
def pulled(
    driver: DockerDriver, images: Images, strangers: Strangers, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Ids of what was pulled: bases are made of it, as from a registry."""
    found: list[str] = []

    def pull(store: ImageStore, reference: str) -> Image:
        found.append(strangers.build(f"FROM {images.base.reference}\nENV OFFICIAL=1\n", reference))
        strangers.images.remove(found[-1])  # it is the lab's
        image = store.find(reference)
        assert image is not None
        return image

    monkeypatch.delenv(base.VARIABLE, raising=False)
    monkeypatch.setattr(ImageStore, "pull", pull)
    monkeypatch.setattr(base, "OFFICIAL", f"c10k-stranger/{driver.owner}:official")
    monkeypatch.setattr(debootstrap, "recipe", lambda: driver.owner)
    return found


def test_a_base_that_the_lab_fetched_goes_with_what_was_built_on_it(
    driver: DockerDriver, images: Images, pulled: list[str]
) -> None:
    store = ImageStore(driver)
    made = ensure_base(driver, store, lambda _: None)
    assert made.origin == "registry"
    assert store.find(base.OFFICIAL) is None
    assert store.find(pulled[0]) is not None
    assert driver.remove_all() == [made.reference]
    assert store.find(pulled[0]) is None
    assert store.find(images.base.reference) is not None


@pytest.mark.parametrize("first_to_go", [0, 1])
@pytest.mark.parametrize("used", [False, True])
def test_a_base_that_another_owner_s_stands_on_goes_with_the_last_of_them(
    driver: DockerDriver, images: Images, strangers: Strangers, pulled: list[str],
    first_to_go: int, used: bool,
) -> None:  # fmt: skip
    """But not from below an image of somebody else's, where one `used` it."""
    store = ImageStore(driver)
    with DockerDriver(owner=f"{driver.owner}-2") as other:
        owners = (driver, other)
        made = [ensure_base(one, ImageStore(one), lambda _: None) for one in owners]
        below = [*pulled, *(one.image_id for one in made)]
        assert len(set(below)) == 3
        if used:
            tag = f"c10k-stranger/{driver.owner}:child"
            strangers.build(f"FROM {made[0].reference}\nENV C=1\n", tag)
            strangers.remember()
        for one in (owners[first_to_go], owners[not first_to_go]):
            one.remove_all()
        if used:
            assert strangers.now() == strangers.before
            assert [bool(store.find(one)) for one in below] == [True, True, False]
            strangers.leave()
        assert [store.find(one) for one in below] == [None] * 3
        assert everything(driver) == everything(other) == set()
    assert store.find(images.base.reference) is not None
