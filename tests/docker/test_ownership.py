"""The lab beside somebody whose things carry its labels: they stay as they are, its own go."""

from __future__ import annotations

import hashlib
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING

import docker
import pytest

from experiments.docker.docker_driver import DockerDriver
from experiments.docker.ownership import (
    LABEL,
    LABEL_NAME,
    LABEL_OWNER,
    LABEL_ROLE,
    ROLE_IMAGE,
    labels,
    project,
)
from experiments.images.image import latest_of
from experiments.images.store import ImageStore, label_step
from experiments.machine import doctor
from experiments.machine.run_lock import RunLock
from experiments.paths import ROOT
from experiments.run import here
from tests.support.images import images_of
from tests.support.strangers import context

if TYPE_CHECKING:
    from collections.abc import Callable

    from experiments.images.build import Images
    from experiments.images.image import Image
    from tests.docker.conftest import Start
    from tests.support.strangers import Strangers

pytestmark = pytest.mark.docker

FAILS = 'ENTRYPOINT ["python3", "-c", "import time; time.sleep(5); exit(7)"]'


def own_image(driver: DockerDriver, parent: str, target: str = "server", more: str = "") -> Image:
    """An image of the lab of the test's owner, beside those of all others."""
    mark = hashlib.sha256(f"{driver.owner} {more}".encode()).hexdigest()[:12]
    reference = f"c10k-lab/{target}:{mark}"
    marks = label_step(labels(driver.owner, ROLE_IMAGE, None, reference))
    return ImageStore(driver).build(context(f"FROM {parent}\n{marks}\n{more}\n"), reference)


def dangling(driver: DockerDriver) -> set[str]:
    wanted = {"dangling": True, "label": [f"{LABEL_OWNER}={driver.owner}"]}
    return {one["Id"] for one in driver.api.images(filters=wanted)}


def test_nothing_of_a_stranger_s_is_touched(
    driver: DockerDriver,
    images: Images,
    start: Start,
    raw: docker.DockerClient,
    strangers: Strangers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner, store = driver.owner, ImageStore(driver)
    other = own_image(driver, images.server, "load", "ENV A=1")
    own = own_image(driver, images.server, "server", FAILS)
    container, network = start(), f"c10k-test-{uuid.uuid4().hex[:8]}"
    driver.create_network(network)

    tags = {name: f"c10k-stranger/{owner}:{name}" for name in ("one", "two", "backup", "alien")}
    within = f"c10k-lab/server:{owner}"
    child = f"FROM {own.tags[0]}\n{FAILS}\n"
    strangers.build(f"{child}ENV A=1\n", tags["one"])
    strangers.build(f"{child}ENV A=2\n", tags["one"])  # the first one has no tag any more
    strangers.build(f"{child}ENV A=3\n", within)
    strangers.build(f"FROM {images.base.reference}\nENV B=1\n", tags["two"])
    everything = " ".join(f"{key}={value}" for key, value in strangers.marks("image", None).items())
    strangers.build(f"FROM {tags['two']}\nLABEL {everything}\n", tags["alien"])
    strangers.tag(own.id, tags["backup"])
    strangers.settle(tags["one"])
    strangers.remember()
    assert len(dangling(driver)) == 1

    monkeypatch.setattr(here, "DockerDriver", partial(DockerDriver, owner=owner))
    monkeypatch.setattr(here, "holder", lambda: None)
    began = int(time.time())

    def look_around() -> None:
        told = {one.name: one for one in doctor.checks(driver)}
        assert told["descriptors"].status == "ok"
        assert here.limits_here() is not None

    steps: dict[str, Callable[[], object]] = {
        "doctor and plan": look_around,
        "the sweep before a run": driver.sweep,
        "a newer image": lambda: store.supersede("c10k-lab/server", keep="c10k-lab/server:new"),
        "make clean": driver.remove_all,
        "make clean again": driver.remove_all,
    }
    for step, do in steps.items():
        do()
        assert strangers.now() == strangers.before, step

    ran = {
        event["Actor"]["Attributes"]["image"]
        for event in raw.events(
            since=began, until=int(time.time()) + 1, decode=True, filters={"event": "start"}
        )
        if event["Actor"]["Attributes"].get(LABEL_OWNER) == owner
        and event["Actor"]["ID"] not in strangers.containers
    }
    assert ran == {own.tags[0]}
    assert driver.left() == []
    there = {one["Id"] for one in raw.api.containers(all=True)}
    assert container not in there
    assert network not in {one["Name"] for one in raw.api.networks()}
    assert store.find(other.id) is None
    assert store.find(own.tags[0]) is None
    backup = store.find(tags["backup"])
    assert backup is not None
    assert (backup.id, backup.tags) == (own.id, (tags["backup"],))


def test_an_entry_point_does_not_matter_for_the_lab_s_own(
    driver: DockerDriver, images: Images, start: Start
) -> None:
    own = own_image(driver, images.server, more='ENTRYPOINT ["false"]')
    container = start(image=own.tags[0], command=("python3", "-c", "print('here')"))
    assert driver.wait(container, 30) == 0
    foreign = start(image=own.tags[0], command=("python3", "-c", "print('here')"), entrypoint=None)
    assert driver.wait(foreign, 30) == 1
    assert (driver.logs(container), driver.logs(foreign)) == ("here\n", "")


def test_an_image_that_a_stranger_s_container_uses_is_kept_and_told(
    driver: DockerDriver, images: Images, strangers: Strangers
) -> None:
    own = own_image(driver, images.server)
    strangers.create(own.tags[0], f"c10k-stranger-{driver.owner}", {})
    strangers.remember()
    assert driver.remove_all() == []
    assert driver.left() == list(own.tags)
    assert strangers.now() == strangers.before
    strangers.leave()
    assert driver.remove_all() == list(own.tags)
    assert ImageStore(driver).find(own.id) is None


def test_a_network_that_a_stranger_has_joined_is_kept_and_the_rest_goes(
    driver: DockerDriver, images: Images, start: Start, raw: docker.DockerClient,
    strangers: Strangers,
) -> None:  # fmt: skip
    network = f"c10k-test-{uuid.uuid4().hex[:8]}"
    driver.create_network(network)
    start(network=network)
    guest = strangers.create(images.server, f"c10k-stranger-{driver.owner}", {}, network)
    raw.api.start(guest)
    strangers.remember()
    assert len(driver.sweep()) == 1
    assert strangers.now() == strangers.before
    assert driver.left() == [network]
    strangers.leave()
    assert driver.sweep() == [network]


def test_compose_s_containers_are_known_by_the_project(
    driver: DockerDriver, images: Images, strangers: Strangers
) -> None:
    """Compose gives the labels of docker-compose.yml, and the names of the project."""
    marks = {LABEL: "1", LABEL_OWNER: driver.owner, LABEL_ROLE: "server"}
    own = [f"{project(driver.owner)}_poll_1", f"{project(driver.owner)}-poll-1"]
    for name in own:
        strangers.create(images.server, name, marks)
    strangers.containers.clear()
    strangers.create(images.server, f"{project('another')}-{driver.owner}", marks)
    strangers.remember()
    assert driver.sweep() == []
    assert sorted(driver.remove_all()) == sorted(own)
    assert strangers.now() == strangers.before


def test_latest_of_a_stranger_is_left_and_told(
    engine: DockerDriver, images: Images, strangers: Strangers
) -> None:
    store = ImageStore(engine)
    latest = latest_of(images.server)
    strangers.build(f"FROM {images.server}\nENV LATEST=1\n", latest)
    strangers.remember()
    said: list[str] = []
    try:
        with RunLock("tests", ROOT):
            assert images_of(engine, say=said.append) == images
        assert strangers.now() == strangers.before
        assert said == [f"{latest} names an image of somebody's own; it is left as it is"]
    finally:
        strangers.leave()
        assert store.point_latest(images.server)
    there = store.find(latest)
    assert there is not None
    assert there.id == images.ids["server"]


def test_everything_that_the_lab_makes_has_a_name_of_its_own(
    driver: DockerDriver, start: Start
) -> None:
    network = f"c10k-test-{uuid.uuid4().hex[:8]}"
    driver.create_network(network)
    container = driver.api.inspect_container(start())
    (there,) = driver.api.networks(filters={"label": f"{LABEL_OWNER}={driver.owner}"})
    assert container["Config"]["Labels"][LABEL_NAME] == container["Name"].lstrip("/")
    assert there["Labels"][LABEL_NAME] == there["Name"] == network
