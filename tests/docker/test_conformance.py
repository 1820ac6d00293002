"""Clients that others wrote against every variant in its container: curl, wrk and ab."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest

from contract.ports import SERVER_PORT
from experiments.docker.docker_driver import DockerDriver
from experiments.hostile.campaign import ENDS_BY_ITSELF
from experiments.machine.cores import place
from experiments.plan.experiment_file import servers
from experiments.run.standalone_server import StandaloneServers
from tests.support.images import images_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from experiments.images.build import Images

    Ask = Callable[..., str]

pytestmark = [pytest.mark.docker, pytest.mark.lockless]

URL = f"http://127.0.0.1:{SERVER_PORT}/"
REQUESTS = 500
ONE_AT_A_TIME = frozenset({"iterative"})
FEW = 4
"""Connections that stay open at once: no more than the smallest pool has workers."""


@pytest.fixture(scope="module")
def peers(engine: DockerDriver) -> Images:
    return images_of(engine, ("server", "load", "peers"))


@pytest.fixture(scope="module")
def driver(engine: DockerDriver) -> Iterator[DockerDriver]:
    """One for all tests of this file; everything that it made is gone afterwards."""
    with DockerDriver(run="a-test", owner=f"{engine.owner}-conformance") as made:
        made.remove_all()  # what a killed test left
        yield made
        made.remove_all()


@pytest.fixture(scope="module", params=[name for name in servers() if name not in ENDS_BY_ITSELF])
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def ask(driver: DockerDriver, peers: Images, variant: str) -> Iterator[Ask]:
    """Run a client beside a server of the variant, the same for all; returns what it prints."""
    mark = uuid.uuid4().hex[:8]
    network = f"c10k-test-{mark}"
    driver.create_network(network)
    placement = place(driver.cores(peers.server))
    made = StandaloneServers(driver, peers, placement, network, f"c10k-test-{mark}")
    with made.serving(variant) as server:

        def run(*command: str) -> str:
            ended = server.run(server.guest("tool", peers.peers, command, cpus=placement.load))
            assert ended.exit_code == 0, ended.output
            return ended.output

        yield run
        assert driver.state(server.container).running
        assert '"fault"' not in driver.logs(server.container)


def test_curl(ask: Ask) -> None:
    nowhere = ("-o", "/dev/null")
    told = ("curl", "-sS", "-w", "%{http_code} %{size_download} %{num_connects}\\n", *nowhere)
    first, *others = ask(*told, URL, *nowhere, URL, *nowhere, f"{URL}bytes/100000").splitlines()
    assert first == "200 13 1"
    assert others == ["200 13 0", "200 100000 0"], "the connection is used again"
    assert ask(*told, "--http1.0", URL) == "200 13 1\n"
    assert ask(*told, "-I", URL) == "200 0 1\n"
    assert ask(*told, "-d", "x" * 70_000, URL) == "200 13 1\n"


def test_wrk(ask: Ask, variant: str) -> None:
    connections = 1 if variant in ONE_AT_A_TIME else FEW
    output = ask("wrk", "-t1", f"-c{connections}", "-d1s", "--timeout", "10s", URL)
    assert int(re.findall(r"(\d+) requests in", output)[0]) > REQUESTS
    assert "Socket errors" not in output
    assert "Non-2xx" not in output


@pytest.mark.parametrize("keep_alive", [False, True])
def test_ab(ask: Ask, variant: str, *, keep_alive: bool) -> None:
    flags = ["-k"] if keep_alive else []
    at_once = 1 if keep_alive and variant in ONE_AT_A_TIME else FEW
    output = ask("ab", "-q", *flags, "-n", str(REQUESTS), "-c", str(at_once), URL)
    assert re.search(rf"Complete requests: +{REQUESTS}\n", output)
    assert re.search(r"Failed requests: +0\n", output)
    assert re.search(rf"Keep-Alive requests: +{REQUESTS}\n", output) or not keep_alive
    assert "Non-2xx" not in output
