"""Foreign servers: what may be said of one, and where in a plan it then stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from contract.exits import Exit, LabError
from contract.origins import REFERENCE_SERVERS
from experiments.foreign import reference_image
from experiments.foreign.catalogue import REFERENCES
from experiments.paths import ROOT
from experiments.plan.experiment_file import read, servers
from experiments.plan.foreign_server import Foreign, name_of
from experiments.plan.trials import Trial, plan, points
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from experiments.run.trial import TrialRunner
from experiments.run.trial_containers import Containers
from tests.support.experiments import experiment, servers_by_sweep
from tests.support.fakes import FakeDriver, FakeImages, FakeMaster
from tests.support.placed import placed

APP = {"image": "team/my-app:1.2", "port": 80, "command": ["serve", "--port", 80]}


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("my-app", "my_app"),
        ("registry.example:5000/team/my.app:1.2@sha256:ab", "my_app"),
        ("nginx:1.27", "image_nginx"),
        ("2048", "image_2048"),
        ("0123456789ab", "image_0123456789ab"),
        (f"sha256:{'0123456789abcdef' * 4}", "image_0123456789ab"),
        ("Registry.example/a__b/c.d-e:V1.2", "c_d_e"),
        ("[::1]:5000/shop", "shop"),
    ],
)
def test_a_server_is_named_by_its_image(image: str, name: str) -> None:
    assert name_of(image) == name
    assert Foreign.model_validate({"image": image}).name == name


def test_an_entry_without_an_image_lacks_that_alone(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    for entry in ("{port: 80}", "{image: 5}"):
        path.write_text(f"question: x\nsweeps: [{{name: s}}]\nservers: [{entry}]\n")
        with pytest.raises(LabError) as caught:
            read(path)
        (told,) = str(caught.value).splitlines()
        assert "servers.0.image" in told


def test_a_server_s_file_is_no_experiment(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("image: shop:1\nexpect: {status: 200}\n")
    with pytest.raises(LabError, match=r"looks like the file of a server: SERVER=.*shop\.yaml"):
        read(path)
    path.write_text("image: shop:1\nquestion: x\nsweeps: [{name: s}]\n")
    with pytest.raises(LabError, match="unknown key 'image'"):
        read(path)


def test_numbers_are_words_of_a_command() -> None:
    assert Foreign.model_validate(APP).command == ["serve", "--port", "80"]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("{port: 80}", "'servers.0.image' is missing"),
        ("{image: a, prot: 80}", "unknown key 'servers.0.prot'; did you mean 'port'?"),
        ("{image: a, port: 70000}", "servers.0.port: .* less than or equal to 65535, not 70000"),
        ("{image: a, port: '80'}", "servers.0.port: .* valid integer, not '80'"),
        ("{image: a, path: X}", "servers.0.path: 'X' is not a path"),
        ("{image: a b}", "servers.0.image: has to be the reference of an image: .*, not 'a b'"),
        ("{image: team/Shop}", "the reference .* in small letters .*, not 'team/Shop'"),
        ("{image: 'https://example.com/shop'}", "the reference .* without https://"),
        ("{image: ''}", "servers.0.image: has to be the reference .*, not ''"),
        ("{image: a, expect: {stauts: 200}}", "'servers.0.expect.stauts'; did you mean 'status'?"),
        ("{image: a, expect: {status: 99}}", "expect.status.0: .* or equal to 200, not 99"),
        ("{image: a, expect: {status: []}}", "servers.0.expect.status: .* at least 1 item"),
        ("{image: a, expect: {body_matches: '('}}", "'\\(' is no regular expression"),
        ("{image: a, expect: {body: x, any_body: true}}", "body and any_body are given"),
        ("{image: a, expect: {headers: {a b: x}}}", "servers.0.expect.headers"),
        ("{image: a, check: strict}", "servers.0.check: .* 'exact'"),
        ("{image: a, ready: {timeout: 5}}", "did you mean 'timeout_s'?"),
        ("{image: a, ready: {timeout_s: 601}}", "servers.0.ready.timeout_s: .* equal to 600"),
        ("{image: a, name: poll}", "the lab has a server 'poll' of its own"),
        ("{image: a, name: nginx}", "the lab has a server 'nginx' of its own"),
        ("{image: poll}", "the lab has a server 'poll' of its own"),
        ("{image: a}, {image: 'b/a'}", "two servers are named a"),
        ("{image: a, memory: 512}", "servers.0.memory: has to be a text, in quotes, not 512"),
        ("{image: a, memory: 5m}", "servers.0.memory: Docker grants no less than 6m"),
        ("{image: a, writable: [var/x]}", "servers.0.writable.0: has to be a whole path"),
        ("{image: a, writable: [/var/../x]}", "servers.0.writable.0: has to be a whole path"),
        ("{image: a, writable: [/proc/x]}", "/proc, /sys and /dev are the kernel's"),
        ("{image: a, writable: some}", "servers.0.writable: has to be a list, not 'some'"),
        ("{image: a, capabilities: [SYS_ADMIN]}", "servers.0.capabilities.0: .*'CHOWN'"),
        ("{image: a, user: 33:33}", "servers.0.user: has to be a text, in quotes, not 2013"),
        ("{image: a, files: {no-such: /x}}", "servers.0: files: there is no .*no-such"),
        ("{image: a, files: {bad.yaml: /}}", "a file cannot lie over the whole file system"),
        ("{image: a, needs: {db: {image: b}}}", "needs a `port` or a `health` command"),
        ("{image: a, needs: {db: {image: b, prot: 1}}}", "'servers.0.needs.db.prot'; .*'port'"),
        ("{image: a, needs: {master: {image: b, port: 1}}}", "'master' of its own"),
        ("{image: a, needs: {load-2: {image: b, port: 1}}}", "'load-2' of its own"),
        (
            "{image: a, needs: {a b: {image: b, port: 1}}}",
            "servers.0.needs.a b: has to be a name of .*, not 'a b'",
        ),
        ("{image: a, ready: 5}", "servers.0.ready: has to be keys with values, not 5"),
        ("{image: a, memory: 5x}", "servers.0.memory: has to be a whole number .*, not '5x'"),
        ("{image: a, environment: {'': y}}", "servers.0.environment.: has to be the name of a var"),
        ("{image: a, environment: {A=B: x}}", "environment.A=B: has to be .* without =, not 'A=B'"),
        ("{image: a, environment: [A=1]}", "environment: has to be names and values, such as `DEB"),
        ("{image: a, environment: {A: yes}}", "environment.A: YAML reads True there: .* quotes$"),
        ("{image: a, command: [--debug, on]}", "servers.0.command.1: YAML reads True there"),
        ("{image: a, environment: {A: }}", "servers.0.environment.A: has to be a text$"),
    ],
)
def test_a_fault_has_its_line_and_a_way_out(tmp_path: Path, entry: str, fault: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(f"question: x\nsweeps: [{{name: s}}]\nservers: [{entry}]\n")
    with pytest.raises(LabError, match=rf"bad\.yaml:[13]: .*{fault}") as caught:
        read(path)
    assert caught.value.exit is Exit.BAD_INPUT


def test_a_name_from_the_list_may_stand_on_the_axis(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(
        "question: x\nservers: [{image: my-app}]\n"
        "sweeps: [{name: s, axes: {server: [my_app, nginx, poll]}}]\n"
    )
    assert servers_by_sweep(read(path)) == {"s": {"my_app", "nginx", "poll"}}
    path.write_text(path.read_text().replace("[my_app,", "[my_apq,"))
    with pytest.raises(LabError, match="unknown server 'my_apq'; did you mean 'my_app'"):
        read(path)


def test_a_sweep_that_names_no_server_runs_it_beside_the_default() -> None:
    assert servers_by_sweep(experiment(servers=[APP])) == {
        "idle": {"poll", "epoll_level"},
        "about_one": {"iterative"},
        "open": {"epoll_level", "my_app"},
    }


def test_references_join_wherever_servers_are_compared() -> None:
    found = servers_by_sweep(experiment(references=True))
    assert found["idle"] == {"poll", "epoll_level", *REFERENCE_SERVERS}
    assert found["open"] == {"epoll_level", *REFERENCE_SERVERS}
    assert found["about_one"] == {"iterative"}
    assert tuple(one.name for one in REFERENCES) == REFERENCE_SERVERS
    assert not set(REFERENCE_SERVERS) & set(servers())


def test_another_command_is_another_point() -> None:
    def names(**changes: Any) -> set[str]:
        asked = experiment(sweeps=[{"name": "open"}], servers=[{**APP, **changes}])
        return {point.name for point in points(asked)}

    before, after = names(), names(command=["other"])
    assert len(before & after) == 1  # epoll_level's
    assert len(before | after) == 3


def test_keys_that_are_not_given_make_no_other_point() -> None:
    """Trials of runs begun before there were these keys keep their identifiers."""
    names = {"name", "image", "port", "command", "environment", "path", "expect"}
    assert set(_foreign("a:1", port=80).described()) == names
    assert "entrypoint" in _foreign("a:1", entrypoint=[]).described()


def test_a_change_of_a_reference_s_file_gives_another_image() -> None:
    made = reference_image.recipe()
    names = {name.rpartition("/")[2] for name in made.files}
    assert {path.name for path in reference_image.FOLDER.iterdir() if path.is_file()} == {
        *names,
        reference_image.LOCK.name,
        "__init__.py",
        "catalogue.py",
        "images.py",
        "reference_image.py",
    }
    before = made.reference("base")
    assert before != made.reference("other")
    for name in made.files:
        assert before != replace(made, files={**made.files, name: b"changed"}).reference("base")
    assert before != replace(made, lock=ROOT / "requirements.lock").reference("base")


def _foreign(image: str, **more: Any) -> Foreign:
    return Foreign.model_validate({"image": image, **more})


def foreign_trial(**more: Any) -> Trial:
    asked = experiment(servers=[{**APP, **more}], sweeps=[{"name": "open"}])
    return next(trial for trial in plan(asked) if trial.point.foreign)


def conduct(driver: FakeDriver, master: FakeMaster, trial: Trial) -> Outcome:
    containers = Containers(FakeImages(), placed(2), "net", 9_999, "run", {"my_app": "sha256:app"})
    runner = TrialRunner(driver, cast(Any, master), containers)
    outcome = runner.run(trial)
    runner.settle()
    return outcome


def test_it_is_confined_like_ours_and_pinned_by_its_id() -> None:
    driver, master = FakeDriver(), FakeMaster()
    trial = foreign_trial(path="/x", expect={"status": 201}, environment={"N": 1})
    assert conduct(driver, master, trial).reason == ""
    specs = {spec.role: spec for spec in driver.started}
    server = specs["server"]
    assert (server.image, server.command) == ("sha256:app", ("serve", "--port", "80"))
    assert (server.cpus, server.nofile, dict(server.environment)) == ("0", 9_999, {"N": "1"})
    assert [role for role, spec in specs.items() if spec.entrypoint is None] == ["server"]
    assert specs["pod"].sysctls["net.ipv4.ip_unprivileged_port_start"] == "0"
    assert specs["probe"].command[2] == "80"
    form = master.forms[0]
    assert form["host"] == "http://127.0.0.1:80"
    assert (form["path"], form["expect_status"], form["expect_body"]) == ("/x", "201", "")


@pytest.mark.parametrize("broken", [set(), {"probe"}])
def test_one_that_has_ended_is_not_waited_for(broken: set[str]) -> None:
    driver = FakeDriver(broken=broken, dead={"server"})
    outcome = conduct(driver, FakeMaster(silent=True), foreign_trial())
    assert outcome.reason == "the server ended before the load did"
    assert outcome.server_ending == "exit code 9"
    row = make_row("e", "r", "2026-01-01T00:00:00+00:00", foreign_trial(), outcome)
    assert (row["validity"], row["origin"], row["backlog"]) == ("void", "foreign", None)
    assert row["reason"].endswith("the server ended with exit code 9; its log ends: log of server")
