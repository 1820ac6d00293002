"""Before the first trial on two machines: each engine is looked at, and is told of by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.exits import LabError
from contract.settings.trial import Settings
from experiments.docker.address import Address
from experiments.docker.docker_driver import DockerDriver
from experiments.hosts.host_engines import HostEngines, LoadEngine
from experiments.machine import preflight
from experiments.machine.cores import Core
from experiments.plan.trials import Point, Trial
from tests.experiments.machine.test_check import ROOTLESS, Engine, needs
from tests.experiments.machine.test_shortfalls import CPUSET

ADDRESS = Address("unix:///nowhere", {}, "a test")


class Podman(Engine):
    def version(self) -> dict[str, Any]:
        return {**super().version(), "Components": [{"Name": "Podman Engine"}]}


class OfCgroupV1(Engine):
    def info(self) -> dict[str, Any]:
        return {**ROOTLESS, "CgroupVersion": "1", "SecurityOptions": []}


class Hosts:
    """A server's host of two cores, and one of the load; their engines are asked in any thread."""

    def __init__(
        self,
        server: Engine,
        load: Engine,
        cores: Sequence[int] = range(4),
        most: int | None = None,
    ) -> None:
        self.engines = {"a": server, "b": load}
        self.load = DockerDriver("run", "owner", ADDRESS, "b")
        self.driver = HostEngines("run", ADDRESS, "a", {"load": LoadEngine(self.load, most)})
        for one, numbers in ((self.driver, range(2)), (self.load, cores)):
            one._nofile = 20_000
            one._cores = tuple(map(Core, numbers))

    def preflight(self, folder: Path, **more: Any) -> None:
        """Raises LabError."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DockerDriver, "api", property(lambda one: self.engines[one.where]))
            preflight.preflight(self.driver, replace(needs(folder), **more))


def asked(engine: Engine) -> list[str]:
    """The cores that containers were to have."""
    return [one["cpuset_cpus"] for one in engine.created if one["cpuset_cpus"]]


def test_each_side_is_tried_on_its_own_host(tmp_path: Path) -> None:
    server, load = Engine(), Engine()
    Hosts(server, load).preflight(tmp_path)
    assert (asked(server), asked(load)) == (["0"], ["0"])
    assert server.left == load.left == set()


def test_a_core_that_the_server_s_host_lacks_is_no_reason(tmp_path: Path) -> None:
    server, load = Engine(), Engine()
    Hosts(server, load, cores=(6, 7)).preflight(tmp_path)
    assert (asked(server), asked(load)) == (["0"], ["6"])


@pytest.mark.parametrize(
    ("load", "told"),
    [
        (Engine(warns=(CPUSET,)), "the load's host: limits in containers: cores: asked 0"),
        (Engine(silently=("cpuset_cpus",)), "the load's host: limits in containers: cores: asked"),
        (Podman(), "the load's host: engine: .*podman's service"),
        (
            OfCgroupV1(warns=(CPUSET,)),
            "the load's host: limits .*on the engine's machine `mount -t cgroup -o cpuset",
        ),
    ],
)
def test_what_the_load_s_engine_does_not_keep_is_told_of_it(
    load: Engine, told: str, tmp_path: Path
) -> None:
    with pytest.raises(LabError, match=told) as refused:
        Hosts(Engine(), load).preflight(tmp_path)
    assert str(refused.value).startswith("the hosts are not ready:")
    assert "the server's host" not in str(refused.value)


@pytest.mark.parametrize(("workers", "fits"), [(2, True), (3, False)])
def test_each_load_worker_has_a_core(workers: int, fits: bool, tmp_path: Path) -> None:
    settings = Settings(network="wire", load_workers=workers, active_connections=8)
    trials = [Trial(Point("s", settings), 1, 1, 1)]
    hosts = Hosts(Engine(), Engine(), most=2)
    if fits:
        hosts.preflight(tmp_path, trials=trials)
        return
    with pytest.raises(LabError, match="load workers: 3 asked for, and the hosts have 2 cores"):
        hosts.preflight(tmp_path, trials=trials)


def test_a_load_s_host_with_one_core_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="the load's host: cores: 1; 2 are needed"):
        Hosts(Engine(), Engine(), cores=[0]).preflight(tmp_path)
