"""A trial leaves nothing behind, and its reason names what went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

import pytest

from contract.exits import LabError
from experiments.docker.driver import ContainerSpec, DriverError
from experiments.plan.trials import Trial
from experiments.run import loaded_trial as module
from experiments.run.master_container import MasterContainer
from experiments.run.trial import TrialRunner
from experiments.run.trial_containers import Containers
from loadgen.option_checks import parse
from tests.support.fakes import FakeDriver, FakeImages, FakeMaster, some_trials
from tests.support.placed import placed
from tests.support.results import a_result, with_samples
from tests.support.trials import conduct


def test_a_whole_trial() -> None:
    driver, master = FakeDriver(), FakeMaster()
    outcome = conduct(driver, master)
    assert outcome.result is not None
    assert outcome.reason == ""
    assert outcome.logs == {role: f"log of {role}" for role in ("server", "load", "probe")}
    assert not driver.up
    assert master.forms[0]["host"] == "http://127.0.0.1:8080"


def test_what_a_trial_sets_reaches_server_and_load() -> None:
    driver, master = FakeDriver(), FakeMaster()
    trial = some_trials()[0]
    changes: dict[str, Any] = {
        "workers": 4,
        "cork": True,
        "nodelay": False,
        "path": "/ 9, /db/1 1",
        "slow_writers": 3,
        "idle": "silent",
    }
    settings = replace(trial.point.settings, **changes)
    conduct(driver, master, replace(trial, point=replace(trial.point, settings=settings)))
    command = next(spec.command for spec in driver.started if spec.role == "server")
    assert command[-6:] == ("--workers", "4", "--cork", "on", "--nodelay", "off")
    form = master.forms[0]
    assert (form["path"], form["slow_writers"], form["idle"]) == ("/ 9, /db/1 1", 3, "silent")
    assert form["rate_per_s"] == 0.0, "the master would keep that of the trial before"


def sysctls_of(**settings: Any) -> dict[str, dict[str, str]]:
    """The kernel settings of each pod of a trial, by the pod's name."""
    driver, trial = FakeDriver(), some_trials()[0]
    changed = replace(trial.point.settings, **settings)
    conduct(driver, FakeMaster(), replace(trial, point=replace(trial.point, settings=changed)))
    pods = [spec for spec in driver.started if spec.role == "pod"]
    return {spec.name.rpartition("-")[2]: dict(spec.sysctls) for spec in pods}


def test_kernel_settings_are_set_where_they_work() -> None:
    abort, linear = "net.ipv4.tcp_abort_on_overflow", "net.ipv4.tcp_syn_linear_timeouts"
    unset = sysctls_of()["pod"]
    assert not {abort, linear} & unset.keys()
    asked = {"abort_on_overflow": False, "syn_linear_timeouts": 0}
    together = sysctls_of(**asked)["pod"]
    assert (together[abort], together[linear]) == ("0", "0")
    apart = sysctls_of(**asked, network="bridge")
    assert abort in apart["pod"].keys() - apart["client"].keys()
    assert linear in apart["client"].keys() - apart["pod"].keys()


def test_a_traced_server_runs_below_the_tracer() -> None:
    driver, trial = FakeDriver(), some_trials()[0]
    settings = replace(trial.point.settings, traced=True)
    conduct(driver, FakeMaster(), replace(trial, point=replace(trial.point, settings=settings)))
    server = next(spec for spec in driver.started if spec.role == "server")
    assert server.image == "traced:1"
    assert server.command[0] == "strace"
    assert "servers" in server.command


def test_workers_are_stopped_to_tell_what_they_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = FakeDriver()
    assert conduct(alone, FakeMaster()).server_ending == ""
    assert alone.stopped == []
    several = with_samples(a_result(), close={"worker_cpu_ns": {"8": 1, "9": 1}})
    master = FakeMaster()
    monkeypatch.setattr(master, "result", lambda _trial: several)
    driver = FakeDriver()
    assert conduct(driver, master).server_ending == "", "it was the lab that stopped it"
    assert driver.stopped == ["server"]


def test_probe_that_ends_with_a_server_that_is_stopped_is_no_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class OneNamespace(FakeDriver):
        def stop(self, container: str, grace_s: float) -> None:
            super().stop(container, grace_s)
            self.dead.add("probe")

    lost = a_result(reason="idle connections were closed", spoiled_by="server_limit")
    several = with_samples(lost, close={"worker_cpu_ns": {"8": 1, "9": 1}})
    master, driver = FakeMaster(), OneNamespace()
    monkeypatch.setattr(master, "result", lambda _trial: several)
    assert conduct(driver, master).reason == ""
    assert driver.stopped == ["server"]


def test_server_and_load_have_cores_of_their_own() -> None:
    driver = FakeDriver()
    conduct(driver, FakeMaster())
    cores = {spec.role: spec.cpus for spec in driver.started}
    assert cores["server"] == "0"
    assert {cores[role] for role in ("load", "pod")} == {"1"}
    assert cores["probe"] == "0,1", "it times the server's core before and after the window"


@pytest.mark.parametrize("role", ["pod", "server", "probe", "load"])
def test_what_does_not_start_is_named_and_nothing_stays(role: str) -> None:
    driver = FakeDriver(broken={role})
    outcome = conduct(driver, FakeMaster())
    assert outcome.reason == f"no {role} today"
    assert not driver.up


def test_a_dead_worker_is_named() -> None:
    outcome = conduct(FakeDriver(dead={"load"}), FakeMaster(silent=True))
    assert outcome.reason == "the load worker ended with exit code 9"


@pytest.mark.parametrize(
    ("said", "spoiled_by"),
    [
        ('starting container x: exec: "nothing": executable file not found', "server_gone"),
        ("starting container x: executable file `nothing` not found in $PATH", "server_gone"),
        ("starting container x: error setting rlimit type 7", "surroundings"),
    ],
)
def test_server_whose_command_cannot_be_executed_is_its_own_fault(
    said: str, spoiled_by: str
) -> None:
    class Refusing(FakeDriver):
        def start(self, spec: ContainerSpec) -> str:
            if spec.role == "server":
                raise DriverError(said)
            return super().start(spec)

    outcome = conduct(Refusing(), FakeMaster())
    assert (outcome.reason, outcome.spoiled_by) == (said, spoiled_by)


def test_a_dead_server_leaves_its_exit_code() -> None:
    assert conduct(FakeDriver(dead={"server"}), FakeMaster()).server_ending == "exit code 9"


def test_a_load_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOST_S", -10.0)
    assert "did not end" in conduct(FakeDriver(), FakeMaster(silent=True)).reason


def test_over_a_bridge_the_load_has_a_pod_of_its_own() -> None:
    trial = some_trials()[0]
    settings = replace(trial.point.settings, network="bridge")
    changed: Any = trial.__class__(
        trial.point.__class__("s", settings), trial.block, trial.repeat, trial.position
    )
    driver, master = FakeDriver(), FakeMaster()
    conduct(driver, master, changed)
    networks = {spec.role: spec.network for spec in driver.started}
    assert networks["load"] != networks["server"]
    assert master.forms[0]["host"] == "http://server:8080"


def test_an_attempt_has_nothing_of_the_name_of_what_the_one_before_may_have_left() -> None:
    names = []
    for attempt in (1, 2, 3):
        driver = FakeDriver()
        conduct(driver, FakeMaster(), replace(some_trials()[0], attempt=attempt))
        names.append({spec.name for spec in driver.started})
        (pod,) = (spec for spec in driver.started if spec.role == "pod")
        assert pod.hostname == f"t001{'' if attempt == 1 else f'a{attempt}'}"
    assert len(set.union(*names)) == sum(map(len, names))


@pytest.mark.parametrize(
    ("cores", "loads", "others"),
    [(2, "1 1 1", "1"), (3, "2 2 2", "1"), (4, "3 1 3", "2"), (8, "7 5 4", "6")],
)
def test_placement(cores: int, loads: str, others: str) -> None:
    placement = placed(cores)
    assert (placement.server, placement.load, placement.others) == ("0", loads[0], others)
    assert placement.loading(3) == tuple(loads.split())
    assert placement.measured(3) == ("0", *dict.fromkeys(loads.split()))


def two_workers() -> Trial:
    trial = some_trials()[0]
    settings = replace(trial.point.settings, load_workers=2)
    return replace(trial, point=replace(trial.point, settings=settings))


def test_each_load_worker_has_a_container_and_a_log() -> None:
    driver = FakeDriver()
    outcome = conduct(driver, FakeMaster(), two_workers())
    loads = [spec for spec in driver.started if spec.role == "load"]
    assert sorted(spec.environment["C10K_WORKER"] for spec in loads) == ["1", "2"]
    assert len({spec.name for spec in loads}) == 2
    assert set(outcome.logs) == {"server", "load", "load-2", "probe"}
    assert not driver.up


def test_the_load_worker_that_died_is_named() -> None:
    driver = FakeDriver(dead={"load-2"})
    outcome = conduct(driver, FakeMaster(silent=True), two_workers())
    assert outcome.reason == "the load worker 2 ended with exit code 9"
    assert not driver.up


def test_one_core_is_not_enough() -> None:
    with pytest.raises(LabError, match="two cores"):
        placed(1)


def test_what_the_engine_does_not_remove_is_no_fault_of_the_next_trial() -> None:
    class Stubborn(FakeDriver):
        refusals = 1

        def remove(self, containers: Iterable[str]) -> None:
            if self.refusals:
                self.refusals -= 1
                raise DriverError("device or resource busy")
            super().remove(containers)

    driver = Stubborn()
    containers = Containers(FakeImages(), placed(2), "net", 20_000, "c10k-run", {})
    runner = TrialRunner(driver, cast(MasterContainer, FakeMaster()), containers)
    outcomes = [runner.run(trial) for trial in some_trials()[:2]]
    runner.settle()
    assert [outcome.reason for outcome in outcomes] == ["", ""]
    assert not driver.up


def test_log_that_cannot_be_read_costs_no_trial() -> None:
    class Mute(FakeDriver):
        def logs(self, container: str) -> str:
            raise DriverError(f"reading the log of {container}: it is gone")

    outcome = conduct(Mute(), FakeMaster())
    assert (outcome.reason, outcome.spoiled_by) == ("", "")
    assert "could not read this log: reading the log of" in outcome.logs["server"]


@pytest.mark.parametrize(("warm_up_s", "within_s"), [(None, 30.0), (0.5, 0.0), (0.0, 0.0)])
def test_the_load_is_told_how_long_to_warm_up(warm_up_s: float | None, within_s: float) -> None:
    master, trial = FakeMaster(), some_trials()[0]
    settings = replace(trial.point.settings, warm_up_s=warm_up_s)
    conduct(FakeDriver(), master, replace(trial, point=replace(trial.point, settings=settings)))
    form = master.forms[0]
    assert (form["warm_up_s"], form["steady_within_s"]) == (warm_up_s or 0.0, within_s)
    options = parse(form, "http://127.0.0.1:8080")
    assert (options.settings.warm_up_s or 0.0, options.steady_within_s) == (
        warm_up_s or 0.0,
        within_s,
    )
