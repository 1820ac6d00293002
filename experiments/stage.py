"""What stays up through a run or a benchmark: the network, the master, and the trial runner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from experiments.docker_driver import DockerDriver
from experiments.images.build import Images
from experiments.master import Master
from experiments.run import stay_off
from experiments.trial import WEB_PORT, TrialRunner, master_spec, place

MOST_NOFILE = 65_536


@contextmanager
def stage(run: str, driver: DockerDriver, images: Images) -> Iterator[TrialRunner]:
    """Ready for trials. What it starts in Docker is removed by the sweep around it."""
    placement = place(int(driver.info()["NCPU"]))
    stay_off(placement)
    prefix = f"c10k-{run}"
    network = f"{prefix}-net"
    driver.create_network(network)
    container = driver.start(master_spec(images, placement, network, prefix))
    master = Master(f"http://127.0.0.1:{WEB_PORT}")
    nofile = min(driver.nofile_limit(images.server), MOST_NOFILE)
    runner = TrialRunner(
        driver, master, images, placement, network, nofile, prefix, master_container=container
    )
    try:
        master.wait_until_up()
        yield runner
        runner.settle()
    finally:
        master.close()
