"""An experiment on several machines: over the wire, without what needs one machine."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from contract.exits import Exit, LabError
from experiments.__main__ import cli
from experiments.cli import machine
from experiments.docker.docker_driver import DockerDriver
from experiments.plan.overrides import choose, kept_source, with_hosts
from experiments.plan.trials import plan
from experiments.plan.two_servers import choose_two
from experiments.records.run_folder import Store
from tests.support.simulated_run import simulated_run
from tests.support.simulated_server import SimulatedServer

HOSTS = "server: {docker: ssh://lab@a}\nload: [{docker: ssh://lab@b, cores: 4}]\n"
EXPERIMENT = (
    "question: x\nrepeats: 1\nsweeps: [{name: s, settings: {%s}, axes: {server: [poll]}}]\n"
)


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.yaml"
    path.write_text(HOSTS)
    return path


def experiment(folder: Path, settings: str = "", more: str = "") -> Path:
    path = folder / "mine.yaml"
    path.write_text(EXPERIMENT % settings + more)
    return path


def test_all_trials_go_over_the_wire_the_reference_too(tmp_path: Path, hosts: Path) -> None:
    source = choose(str(experiment(tmp_path)), hosts=hosts)
    trials = plan(source.experiment)
    assert len(trials) == 3
    assert {one.point.settings.network for one in trials} == {"wire"}
    store = Store.create(tmp_path, source, "run-1")
    again = kept_source(store.experiment, "mine").experiment
    assert again.hosts == source.experiment.hosts
    assert [one.id for one in plan(again)] == [one.id for one in trials]


def test_trials_without_clients_have_no_path(tmp_path: Path, hosts: Path) -> None:
    path = experiment(tmp_path, "load: one_wait, watched: 10", "reference: false\n")
    (alone,) = plan(choose(str(path), hosts=hosts).experiment)
    assert alone.point.settings.without_clients
    assert alone.point.settings.network == "pod"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("network: bridge", "network with hosts: the path is the wire between them"),
        ("delay_ms: 20", "delay_ms with hosts: it shapes a path inside one machine"),
        ("traced: true", "traced with hosts: it is for one machine"),
    ],
)
def test_what_does_not_go_with_hosts(tmp_path: Path, hosts: Path, settings: str, told: str) -> None:
    with pytest.raises(LabError, match=rf"^HOSTS={hosts}: sweep s: {told}") as refused:
        choose(str(experiment(tmp_path, settings)), hosts=hosts)
    assert refused.value.exit is Exit.BAD_INPUT


def test_no_wire_without_hosts(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="sweep s: network wire is for an experiment with hosts"):
        choose(str(experiment(tmp_path, "network: wire")))


def test_hosts_may_stand_in_the_experiment(tmp_path: Path) -> None:
    more = "hosts: {server: {docker: ssh://a, address: 10.0.0.1}, load: [{docker: ssh://b}]}\n"
    found = choose(str(experiment(tmp_path, more=more))).experiment
    assert found.hosts
    assert found.hosts.server.reached_at == "10.0.0.1"
    assert {one.point.settings.network for one in plan(found)} == {"wire"}


def test_a_host_that_an_experiment_names_twice(tmp_path: Path) -> None:
    more = "hosts: {server: {docker: ssh://a}, load: [{docker: ssh://b}, {docker: ssh://b}]}\n"
    with pytest.raises(LabError, match="hosts: ssh://b is load host 1 already; name it") as refused:
        choose(str(experiment(tmp_path, more=more)))
    assert refused.value.exit is Exit.BAD_INPUT


def test_a_check_up_is_of_the_machines_that_it_names(tmp_path: Path, hosts: Path) -> None:
    run = simulated_run(tmp_path, SimulatedServer(2_000), quick=True, hosts=hosts)
    run.go_on()
    assert len(run.measured) > 20
    assert {one.point.settings.network for one in run.measured} == {"wire"}
    text = run.store.experiment.read_text()
    assert text.startswith(f"# the plan of a check-up: SERVER=poll HOSTS={hosts}\n")
    again = kept_source(run.store.experiment, "checkup").experiment
    assert again.hosts == run.choice.source.experiment.hosts


def test_two_servers_are_compared_on_the_machines(tmp_path: Path, hosts: Path) -> None:
    source = with_hosts(choose_two("poll", "epoll_level", name=str(experiment(tmp_path))), hosts)
    trials = plan(source.experiment)
    assert {one.point.settings.server for one in trials} == {"poll", "epoll_level"}
    assert {one.point.settings.network for one in trials} == {"wire"}


def test_a_machine_that_is_not_reached_does_not_keep_the_others_from_being_cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "hosts.yaml"
    path.write_text("server: {docker: unix:///a.sock}\nload: [{docker: unix:///b.sock}]\n")
    asked: list[str] = []

    def clean(driver: DockerDriver, whose: str) -> None:
        asked.append(whose)
        driver.version()

    monkeypatch.setattr(machine, "_clean", clean)
    monkeypatch.setattr(machine, "RunLock", lambda *_: nullcontext())  # a run may be going on
    said = CliRunner().invoke(cli, ["clean", "--hosts", str(path)])
    assert asked == ["server: ", "load: "]
    assert said.exit_code == Exit.NO_DOCKER
    assert "unix:///a.sock (the server's host)" in said.output
    assert "unix:///b.sock (the load's host)" in said.output


def test_the_plan_says_who_does_what(tmp_path: Path, hosts: Path) -> None:
    words = ["plan", str(experiment(tmp_path)), "--hosts", str(hosts)]
    said = CliRunner().invoke(cli, words).output
    assert (
        "server: ssh://lab@a, the server and its probe\n"
        "load: ssh://lab@b, the Locust master and load worker 1\n"
        "not fitted to the hosts"
    ) in said


THREE = "server: {docker: ssh://a}\nload: [{docker: ssh://b%s}, {docker: ssh://c%s}]\n"


def three(folder: Path, *cores: int | None) -> Path:
    """Two hosts that load, with so many cores for it."""
    known = ["" if one is None else f", cores: {one}" for one in cores or (None, None)]
    path = folder / "three.yaml"
    path.write_text(THREE % tuple(known))
    return path


@pytest.mark.parametrize(
    ("settings", "workers"),
    [("", 2), ("active_connections: 1", 1), ("load_workers: 5", 5), ("load_workers: 2", 2)],
)
def test_each_host_that_loads_has_a_worker(tmp_path: Path, settings: str, workers: int) -> None:
    """As far as there are connections for them; the reference has, too."""
    source = choose(str(experiment(tmp_path, settings)), hosts=three(tmp_path))
    by_sweep = {one.point.sweep: one.point.settings.load_workers for one in plan(source.experiment)}
    assert by_sweep == {"s": workers, "reference": 2}


@pytest.mark.parametrize(
    ("settings", "cores", "told"),
    [
        ("load_workers: 1", (), "load_workers 1 with hosts: 2 hosts load, each with one at least"),
        ("load_workers: 4", (1, 2), "load_workers 4 with hosts: each has a core, .* 3 for them"),
    ],
)
def test_a_number_of_workers_that_the_hosts_cannot_have(
    tmp_path: Path, settings: str, cores: tuple[int, ...], told: str
) -> None:
    with pytest.raises(LabError, match=f"sweep s: {told}") as refused:
        choose(str(experiment(tmp_path, settings)), hosts=three(tmp_path, *cores))
    assert refused.value.exit is Exit.BAD_INPUT


def test_as_many_workers_as_cores_may_be(tmp_path: Path) -> None:
    for cores in ((1, 2), (1, None)):
        source = choose(str(experiment(tmp_path, "load_workers: 3")), hosts=three(tmp_path, *cores))
        assert plan(source.experiment)


def test_the_plan_says_which_worker_is_where(tmp_path: Path) -> None:
    path = experiment(tmp_path, "load_workers: 4")
    words = ["plan", str(path), "--hosts", str(three(tmp_path, 1, 8))]
    said = CliRunner().invoke(cli, words).output
    assert "load 1: ssh://b, the Locust master and load worker 1\n" in said
    assert "load 2: ssh://c, load workers 2, 3, 4\n" in said


def test_a_host_without_a_worker_is_told(tmp_path: Path) -> None:
    path = experiment(tmp_path, "active_connections: 1", "reference: false\n")
    said = CliRunner().invoke(cli, ["plan", str(path), "--hosts", str(three(tmp_path))]).output
    assert "load 2: ssh://c, nothing in this plan\n" in said
