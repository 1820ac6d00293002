"""What stays up through a run or a benchmark: the network, the master, and the trial runner."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from contract.ports import WEB_PORT
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec
from experiments.hosts.relay import Relays
from experiments.images.build import Images
from experiments.machine.cores import Placement
from experiments.run.container_names import MASTER
from experiments.run.locust_client import Master
from experiments.run.loop import stay_off
from experiments.run.master_container import MasterContainer
from experiments.run.trial import TrialRunner
from experiments.run.trial_containers import Containers

MOST_NOFILE = 65_536
"""Descriptors that a container is granted at most: more than one address has ports for."""


def cores_and_network(run: str, driver: DockerDriver, image: str) -> tuple[Placement, str]:
    """The cores of the engine, off which this process keeps, as containers of `image` see them,
    and a network of the run's own."""
    placement = driver.placement(image)
    if not placement.on_several_hosts:
        stay_off(placement)
    network = f"c10k-{run}-net"
    driver.create_network(network)
    return placement, network


def relays(containers: Containers) -> list[ContainerSpec]:
    """On each further host that loads, what stands there for the Locust master."""
    return [
        ContainerSpec(
            role="relay",
            name=f"{containers.prefix}-relay-{number}",
            image=containers.images.load,
            command=("sleep", "infinity"),
            network=containers.network,
            aliases=(MASTER,),
            cpus=host.others,
            side=host.side,
        )
        for number, host in enumerate(containers.placement.load_hosts[1:], 2)
    ]


@contextmanager
def trial_environment(
    run: str,
    driver: DockerDriver,
    images: Images,
    foreign: Mapping[str, str] | None = None,
    folder: Path = Path(),
    link_image: str = "",
    address: str = "",
) -> Iterator[TrialRunner]:
    """Ready for trials. What it starts in Docker is removed by the sweep around it.

    `foreign` has the image ids of foreign servers and of what they need, by name; `folder` the
    files that these are given; `link_image` is that of experiments/link/, where a path is shaped;
    `address` is the server's, where its host is not that of the load.
    """
    placement, network = cores_and_network(run, driver, images.server)
    nofile = min(driver.nofile_limit(images.server), MOST_NOFILE)
    secret = secrets.token_urlsafe()
    containers = Containers(
        *(images, placement, network, nofile, f"c10k-{run}", foreign or {}),
        folder=folder.resolve(),
        link_image=link_image,
        address=address,
        secret=secret,
    )
    client = Master(f"http://127.0.0.1:{WEB_PORT}", secret)
    ways = Relays(driver, relays(containers))
    master = MasterContainer(driver, containers.master(), client, ways, by_tunnel=driver.of_hosts)
    runner = TrialRunner(driver, master, containers)
    try:
        master.start()
        yield runner
        runner.settle()
    finally:
        master.close()
