"""A browser in a container, on a network of its own; without Docker the tests are skipped."""

from __future__ import annotations

import time
import urllib.request
import uuid
from typing import TYPE_CHECKING, Final

import pytest

from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec
from tests.browser.browser import Browser
from tests.docker.conftest import engine as engine
from tests.support.images import TRIAL_TARGETS, images_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from experiments.images.build import Images

    Start = Callable[..., str]

WEBDRIVER_PORT: Final = 9_515
START_S: Final = 60.0


@pytest.fixture(scope="session")
def images(engine: DockerDriver) -> Images:
    """All of them: the browser's is the last, and takes a minute or two, once. Those of trials are
    made first, and by themselves, as other tests wait for them."""
    for targets in (TRIAL_TARGETS, ["browser"]):
        made = images_of(engine, targets)
    return made


@pytest.fixture(scope="session")
def driver(engine: DockerDriver) -> Iterator[DockerDriver]:
    """With an owner of its own; everything that it made is gone afterwards."""
    with DockerDriver(run="a-test", owner=f"{engine.owner}-browser") as made:
        made.remove_all()  # what a killed test left
        yield made
        made.remove_all()


@pytest.fixture(scope="session")
def network(driver: DockerDriver) -> str:
    name = f"c10k-test-{uuid.uuid4().hex[:8]}"
    driver.create_network(name)
    return name


@pytest.fixture(scope="session")
def start(driver: DockerDriver, network: str) -> Start:
    """Start a container that the browser can reach as `name`."""

    def starter(name: str, **settings: object) -> str:
        given = {
            "role": "tool",
            "name": f"{network}-{name}",
            "network": network,
            "aliases": (name,),
            **settings,
        }
        return driver.start(ContainerSpec(**given))  # type: ignore[arg-type]

    return starter


@pytest.fixture(scope="session")
def browser(driver: DockerDriver, start: Start, images: Images) -> Iterator[Browser]:
    """One browser for all tests; each opens its own page."""
    any_port = {WEBDRIVER_PORT: 0}
    container = start("browser", image=images.browser, command=(), publish=any_port)
    ports = driver.api.inspect_container(container)["NetworkSettings"]["Ports"]
    url = f"http://127.0.0.1:{ports[f'{WEBDRIVER_PORT}/tcp'][0]['HostPort']}"
    _wait_for(url, driver, container)
    opened = Browser(url)
    yield opened
    opened.close()


def _wait_for(url: str, driver: DockerDriver, container: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_S
    while True:
        try:
            with direct.open(f"{url}/status", timeout=START_S):
                return
        except OSError:
            assert time.monotonic() < deadline, driver.logs(container)
            time.sleep(0.05)
