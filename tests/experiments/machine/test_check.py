"""Before the first trial: what an engine gives to containers like the run's, and who is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from contract import granted
from contract.exits import Exit, LabError
from contract.settings.trial import Settings
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec, DriverError
from experiments.docker.tool import program
from experiments.machine import preflight
from experiments.machine.checks import Check
from experiments.machine.cores import Core
from experiments.machine.host import look
from experiments.machine.kept import OF_SOME, check_kept
from experiments.machine.shortfalls import CORES, MEMORY, NOFILE, QUOTA, DiscardedError, Shortfall
from experiments.machine.specimen import MODEL, specimens, unkept
from experiments.plan.trials import Point, Trial
from experiments.run.trial_containers import PIDS, Containers
from tests.experiments.machine.test_shortfalls import CPUSET, FORWARDING, PIDS_LIMIT
from tests.support.fakes import FakeImages
from tests.support.placed import placed

ROOTLESS = {
    "Architecture": "x86_64",
    "Driver": "overlay2",
    "NCPU": 2,
    "CgroupVersion": "2",
    "CgroupDriver": "systemd",
    "SecurityOptions": ["name=rootless"],
}


@dataclass
class Engine:
    """Answers like the engine's API, for a container that looks at its own limits.

    It `warns` of what it discards. What is `silently` left out, it says nothing of.
    """

    warns: tuple[str, ...] = ()
    silently: tuple[str, ...] = ()
    refuses: bool = False
    created: list[dict[str, Any]] = field(default_factory=list)
    started: int = 0
    left: set[str] = field(default_factory=set)

    def create_host_config(self, **asked: Any) -> dict[str, Any]:
        return asked

    def create_container(self, *, host_config: dict[str, Any], **_: Any) -> dict[str, Any]:
        if self.refuses:
            raise DriverError("creating container: Requested CPUs are not available")
        asked = {"cpuset_cpus": "Cpuset", "pids_limit": "PIDs", "cpu_quota": "quota"}
        warnings = [
            text
            for text in self.warns
            if "discarded" not in text
            or any(host_config.get(key) and word in text for key, word in asked.items())
        ]
        self.created.append(host_config)
        container = str(len(self.created))
        self.left.add(container)
        return {"Id": container, "Warnings": warnings or None}

    def start(self, container: str) -> None:
        assert container in self.left
        self.started += 1

    def wait(self, container: str, timeout: int) -> dict[str, int]:
        assert container in self.left
        assert timeout
        return {"StatusCode": 0}

    def logs(self, container: str, **_: Any) -> list[bytes]:
        asked = self.created[int(container) - 1]
        given = {key: value for key, value in asked.items() if key not in self.silently}
        nofile = [one["soft"] for one in given.get("ulimits", []) if one["name"] == "nofile"]
        cores = given.get("cpuset_cpus")
        seen = {
            "disk_bytes": 2**40,
            "bridge_filter": None,
            "cpuset": None,
            "affinity": [int(cores)] if cores else [0, 1],
            "quota_us": given.get("cpu_quota"),
            "period_us": given.get("cpu_period"),
            "pids": given.get("pids_limit"),
            "memory_bytes": given.get("mem_limit"),
            "swap_bytes": 0,
            "nofile": nofile[0] if nofile else 1_024,
            "sysctls": given.get("sysctls") or {},
            "machine_swap_bytes": 0,
            "page_bytes": 4_096,
        }
        return [json.dumps(seen).encode()]

    def remove_container(self, container: str, **_: Any) -> None:
        self.left.remove(container)

    def info(self) -> dict[str, Any]:
        return ROOTLESS

    def version(self) -> dict[str, str]:
        return {"Version": "27.1", "ApiVersion": "1.46"}


def driver_of(engine: Engine) -> DockerDriver:
    driver = DockerDriver("run", "owner")
    driver._local.client = engine
    driver._nofile = 20_000
    driver._cores = (Core(0), Core(1))
    return driver


def a_server(**asked: Any) -> ContainerSpec:
    return ContainerSpec("server", "a-server", "image", (), "none", **asked)


def test_container_whose_cpuset_is_discarded_is_not_started_and_not_left() -> None:
    engine = Engine(warns=(CPUSET,))
    with pytest.raises(DiscardedError, match="a-server: cores: asked 0, given none") as refused:
        driver_of(engine).start(a_server(cpus="0"))
    assert [one.limit for one in refused.value.found] == [CORES]
    assert (engine.started, engine.left) == (0, set())


def test_container_that_asks_for_no_cpuset_starts_on_the_same_engine() -> None:
    engine = Engine(warns=(CPUSET,))
    assert driver_of(engine).start(a_server()) == "1"
    assert engine.started == 1


def test_other_warnings_are_kept_once_and_stop_nothing() -> None:
    engine = Engine(warns=(FORWARDING,))
    driver = driver_of(engine)
    driver.start(a_server(cpus="0"))
    driver.start(a_server(cpus="0"))
    assert driver.warnings == [FORWARDING]


@pytest.mark.parametrize(
    ("engine", "limits"),
    [
        (Engine(), []),
        (Engine(warns=(CPUSET,)), ["cores"]),
        (Engine(warns=(CPUSET, PIDS_LIMIT)), ["cores", "processes"]),
        (Engine(silently=("cpuset_cpus", "cpu_quota")), ["cores", "CPU quota"]),
        (Engine(warns=(CPUSET,), silently=("ulimits", "cpu_quota")),
         ["cores", "CPU quota", "descriptors"]),
        (Engine(silently=("sysctls",)),
         [f"kernel setting net.{name}" for name in (
             "ipv4.ip_local_port_range", "ipv4.tcp_tw_reuse", "core.somaxconn")]),
    ],
)  # fmt: skip
def test_warned_of_or_silent_each_limit_is_named_once(engine: Engine, limits: list[str]) -> None:
    found = unkept(driver_of(engine), "server:1", specimens([MODEL], placed(2), 20_000))
    assert [one.limit for one in found] == limits
    assert engine.left == set()


def needs(tmp_path: Path) -> preflight.MachineNeeds:
    return preflight.MachineNeeds(
        nofile=1_000, image="server:1", port=None, disk_bytes=1, results=tmp_path
    )


@pytest.mark.parametrize("engine", [Engine(warns=(CPUSET,)), Engine(silently=("cpuset_cpus",))])
def test_run_is_refused_before_its_first_trial_where_cores_are_not_kept(
    engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(LabError, match="limits in containers: cores: asked 0, given") as refused:
        preflight.preflight(driver_of(engine), needs(tmp_path))
    assert refused.value.exit is Exit.NOT_READY
    assert "Delegate=cpu cpuset io memory pids" in str(refused.value)


def test_run_is_not_refused_where_all_is_kept(tmp_path: Path) -> None:
    engine = Engine()
    preflight.preflight(driver_of(engine), needs(tmp_path))
    asked = [host["cpuset_cpus"] for host in engine.created if host["cpuset_cpus"]]
    assert asked == ["0", "1"], "the server's core, and the load's"


def test_engine_that_cannot_make_such_a_container_is_told(tmp_path: Path) -> None:
    engine = Engine()
    driver = driver_of(engine)
    facts = look

    def look_and_then_refuse(driver: DockerDriver, image: str) -> dict[str, Any]:
        found = facts(driver, image)
        engine.refuses = True
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preflight, "look", look_and_then_refuse)
        with pytest.raises(LabError, match="limits in containers: refused") as refused:
            preflight.preflight(driver, needs(tmp_path))
    assert refused.value.exit is Exit.NOT_READY


def check(limit: str) -> Check:
    return check_kept([Shortfall(limit, "1", "none")], ROOTLESS, OF_SOME)


def test_doctor_fails_for_what_each_trial_asks_and_warns_for_what_some_ask() -> None:
    assert [check(limit).status for limit in (CORES, NOFILE)] == ["fail", "fail"]
    assert [check(limit).status for limit in (QUOTA, MEMORY)] == ["warn", "warn"]
    assert check(CORES).seen == "cores: asked 1, given none"
    assert "to the engine: cpuset." in check(CORES).advice
    both = [Shortfall(QUOTA, "1", "none"), Shortfall(CORES, "0", "0,1")]
    assert check_kept(both, ROOTLESS, OF_SOME).status == "fail"
    assert check_kept([], ROOTLESS, OF_SOME).status == "ok"


def trial(**settings: Any) -> Trial:
    return Trial(Point("s", Settings(**settings)), 1, 1, 1)


def test_specimens_ask_for_what_any_trial_asks() -> None:
    trials = [trial(), trial(server_cpu_quota=0.5), trial(syn_linear_timeouts=4)]
    server, load = specimens(trials, placed(4), 20_000)
    assert (server.cpus, server.cpu_quota, server.pids_limit) == ("0", 0.5, PIDS)
    assert (load.cpus, load.cpu_quota, load.nofile) == ("3", None, 20_000)
    common = set(Containers(FakeImages(), placed(4), "n", 1, "p").pod(trial(), "pod").sysctls)
    assert set(server.sysctls) == common, "an old kernel's trials are not refused for a new one's"
    assert specimens(trials[:1], placed(4), 20_000)[0].cpu_quota is None


def test_trials_without_clients_ask_for_the_server_s_side_alone() -> None:
    (server,) = specimens([trial(server="poll", load="one_wait", watched=10)], placed(2), 20_000)
    assert (server.cpus, server.sysctls) == ("0", {})


def test_memory_is_asked_for_where_a_spec_does() -> None:
    server, _ = specimens([MODEL], placed(2), 20_000)
    engine = Engine(silently=("mem_limit",))
    limited = replace(server, memory_bytes=2**26)
    assert [one.limit for one in unkept(driver_of(engine), "s", [server])] == []
    assert [one.limit for one in unkept(driver_of(engine), "s", [limited])] == [MEMORY]


def test_looking_needs_nothing_of_the_image_but_python() -> None:
    interpreter, option, source, *asked = program(granted, "net.core.somaxconn")
    assert (interpreter, option, asked) == ("python3", "-c", ["net.core.somaxconn"])
    assert "from experiments" not in source
