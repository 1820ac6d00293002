"""The images as they come out of a real engine, and what building leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from experiments.docker.ownership import ROLE_IMAGE, labels
from experiments.docker.tool import run_tool
from experiments.images.build import ensure_images
from experiments.images.store import BuildFailedError, ImageStore, label_step
from tests.support.images import alone
from tests.support.strangers import context

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = pytest.mark.docker


def dangling(driver: DockerDriver) -> set[str]:
    wanted = {"dangling": True, "label": [f"c10k-lab.owner={driver.owner}"]}
    return {one["Id"] for one in driver.api.images(filters=wanted)}


def test_second_time_builds_nothing(engine: DockerDriver, images: Images) -> None:
    said: list[str] = []
    with alone():
        assert ensure_images(engine, say=said.append) == images
        assert dangling(engine) == set()
    assert said == []


def test_base_knows_where_it_comes_from(images: Images) -> None:
    assert images.base.origin in ("registry", "debootstrap", "environment")
    assert images.base.python.startswith("3.13.")
    assert bool(images.base.digest) or images.base.origin != "registry"


def test_server_image_has_servers_and_probe(engine: DockerDriver, images: Images) -> None:
    look = "import os, servers; print(os.getcwd(), os.getuid(), *sorted(os.listdir('.')))"
    told = run_tool(engine, images.server, ("python3", "-c", look)).split()
    assert told[:2] == ["/opt/lab", "10001"]
    assert {"experiments", "servers"} <= set(told[2:])
    assert "loadgen" not in told


def test_server_image_has_the_loops_of_others(engine: DockerDriver, images: Images) -> None:
    look = "import gevent, uvloop; print(gevent.__file__, uvloop.__file__)"
    files = run_tool(engine, images.server, ("python3", "-c", look)).split()
    assert files == ["/opt/site/gevent/__init__.py", "/opt/site/uvloop/__init__.py"]


def test_load_image_has_locust_compiled(engine: DockerDriver, images: Images) -> None:
    look = (
        "import locust, loadgen, os; "
        "print(locust.__file__, locust.__cached__, os.path.exists(locust.__cached__))"
    )
    file, _, cached = run_tool(engine, images.load, ("python3", "-c", look)).split()
    assert file == "/opt/site/locust/__init__.py"
    assert cached == "True"


def test_latest_is_the_current_one(engine: DockerDriver, images: Images) -> None:
    for target, image in images.ids.items():
        latest = ImageStore(engine).find(f"c10k-lab/{target}:latest")
        assert latest is not None
        assert latest.id == image


def test_superseded_images_go_and_leave_nothing_untagged(
    driver: DockerDriver, images: Images
) -> None:
    store = ImageStore(driver)
    repository = f"c10k-lab/{driver.owner}"
    for version in ("1", "2"):
        reference = f"{repository}:{version}"
        marks = label_step(labels(driver.owner, ROLE_IMAGE, None, reference))
        store.build(context(f"FROM {images.base.reference}\n{marks}\nENV V={version}\n"), reference)
        assert store.point_latest(reference)
    first = store.find(f"{repository}:1")
    assert first is not None
    store.supersede(repository, keep=f"{repository}:2")
    assert [image.tags for image in store.owned()] == [(f"{repository}:2", f"{repository}:latest")]
    assert store.find(first.id) is None
    assert dangling(driver) == set()
    assert driver.remove_all() == [f"{repository}:latest", f"{repository}:2"]
    assert store.owned() == []
    assert store.find(images.base.reference) is not None


def test_failing_build_shows_its_last_lines(driver: DockerDriver, images: Images) -> None:
    steps = f"FROM {images.base.reference}\nRUN echo the reason >&2; exit 9\n"
    with pytest.raises(BuildFailedError, match=r"(?s)returned a non-zero code: 9.*\| the reason"):
        ImageStore(driver).build(context(steps), f"c10k-lab/{driver.owner}:1")
    assert ImageStore(driver).find(f"c10k-lab/{driver.owner}:1") is None
