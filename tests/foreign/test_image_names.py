"""Every way in which an image can be named leads to it: also those that only a registry gives."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from experiments.docker.driver import ContainerSpec
from experiments.foreign.images import ensure_foreign
from experiments.images.context import build_context
from experiments.plan.foreign_server import Foreign
from tests.docker.conftest import driver as driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = pytest.mark.docker

START_S = 20.0
CONFIGURATION = """
version: 0.1
storage: {filesystem: {rootdirectory: /tmp/registry}}
http: {addr: ":5000"}
"""
SERVE = f"echo '{CONFIGURATION}' > /tmp/own.yml && exec docker-registry serve /tmp/own.yml"
"""Debian's configuration asks for a password."""


@pytest.fixture
def registry(driver: DockerDriver, image_of_others: str) -> str:
    """The address of a registry (Debian's), gone after the test."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    network = f"c10k-test-{uuid.uuid4().hex[:8]}"
    driver.create_network(network)
    driver.start(
        ContainerSpec(
            role="tool",
            name=f"{network}-registry",
            image=image_of_others,
            command=("sh", "-c", SERVE),
            network=network,
            publish={5_000: port},
        )
    )
    address, deadline = f"127.0.0.1:{port}", time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(f"http://{address}/v2/", timeout=2).close()
        except OSError:
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.1)
        else:
            return address


@pytest.fixture
def shop(driver: DockerDriver, registry: str) -> Iterator[dict[str, str]]:
    """An image of one small file by all its names, `id` among them, in engine and registry."""
    name = f"c10k-names-test/{driver.owner}"
    api: Any = driver.api  # its types are not known
    kept = f"{registry}/{name}"
    with build_context({"Dockerfile": b"FROM scratch\nCOPY page /\n", "page": b"hello"}) as context:
        list(api.build(fileobj=context, custom_context=True, tag=f"{name}:1", rm=True))
    api.tag(f"{name}:1", kept, "1")
    api.tag(f"{name}:1", name, "latest")
    said = [json.dumps(one) for one in api.push(kept, "1", stream=True, decode=True)]
    assert not [line for line in said if "error" in line.lower()], said
    made = api.inspect_image(f"{name}:1")
    image_id = str(made["Id"])
    yield {
        "id": image_id,
        "short_id": image_id.removeprefix("sha256:")[:12],
        "tag": f"{name}:1",
        "no_tag": name,
        "full_name": f"docker.io/{name}:1",
        "of_registry": f"{kept}:1",
        "digest": next(one for one in made["RepoDigests"] if one.startswith(kept)),
    }
    api.remove_image(image_id, force=True)


def test_image_is_found_by_each_of_its_names(
    driver: DockerDriver, images: Images, shop: dict[str, str]
) -> None:
    servers = [Foreign(name=name, image=image) for name, image in shop.items()]
    found = ensure_foreign(driver, images.base, servers, pytest.fail)
    assert {one.server.name: one.image.id for one in found} == dict.fromkeys(shop, shop["id"])


@pytest.mark.parametrize("name", ["of_registry", "digest"])
def test_image_that_is_gone_is_pulled(
    driver: DockerDriver, images: Images, shop: dict[str, str], name: str
) -> None:
    driver.api.remove_image(shop["id"], force=True)
    said: list[str] = []
    server = Foreign(name=name, image=shop[name])
    (found,) = ensure_foreign(driver, images.base, [server], said.append)
    assert found.image.id == shop["id"]
    assert said == [f"image {shop[name]}: it is not here; pulling it"]
