"""`make ab A= B=`: what is asked of both servers, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contract.exits import Exit, LabError
from experiments import __main__ as command_line
from experiments.plan.overrides import kept_source, read_source
from experiments.plan.trials import foreign_servers, pairs, plan, points
from experiments.plan.two_servers import choose_two

SHOP = "image: shop:1\nport: 8000\n"


def names_of(a: str, b: str, **given: Any) -> tuple[str, str]:
    compare = choose_two(a, b, **given).experiment.compare
    assert compare is not None
    return compare.a, compare.b


@pytest.mark.parametrize(
    ("a", "b", "names"),
    [
        ("shop:1", "shop:2", ("shop_1", "shop_2")),
        ("shop:1.2", "shop:1.10-rc", ("shop_1_2", "shop_1_10_rc")),
        ("team/shop:1", "other/shop:1", ("shop_a", "shop_b")),
        ("shop", "shop:2", ("shop_a", "shop_b")),
        ("shop:1", "shop:1", ("shop_a", "shop_b")),
        ("shop:1", "bakery:1", ("shop", "bakery")),
        ("shop:1", "poll", ("shop", "poll")),
        ("poll", "epoll_level", ("poll", "epoll_level")),
        ("nginx", "shop:1", ("nginx", "shop")),
        ("poll:1", "poll:2", ("image_poll_1", "image_poll_2")),
        ("epoll:edge", "epoll:level", ("epoll_as_a", "epoll_as_b")),
        ("0123456789ab", "ba9876543210", ("image_0123456789ab", "image_ba9876543210")),
    ],
)
def test_both_have_names_that_tell_them_apart(a: str, b: str, names: tuple[str, str]) -> None:
    assert names_of(a, b) == names


def test_each_trial_is_run_for_both_side_by_side() -> None:
    asked = choose_two("shop:1", "shop:2", 8000).experiment
    trials = [trial for trial in plan(asked) if trial.point.sweep != "reference"]
    assert len(trials) == asked.repeats * 2 * len(pairs(asked, points(asked)))
    for one, other in zip(trials[::2], trials[1::2], strict=True):
        assert {one.point.settings.server, other.point.settings.server} == {"shop_1", "shop_2"}
        assert one.block == other.block
    assert [server.port for server in foreign_servers(trials)] == [8000, 8000]


def test_the_usual_experiment_is_small_and_fit_for_servers_of_others() -> None:
    asked = choose_two("shop:1", "shop:2").experiment
    assert len(points(asked)) <= 8
    assert {one.settings.load for one in points(asked)} == {"keep_alive", "connection_per_request"}
    assert not any(one.settings.idle_connections for one in points(asked)), "many close them"


def test_any_experiment_can_be_asked_without_its_claims() -> None:
    chosen = choose_two("shop:1", "shop:2", name="smoke", repeats=4, tolerance=0.05)
    asked = chosen.experiment
    assert (asked.claims, asked.repeats, chosen.name) == ([], 4, "smoke")
    assert asked.compare is not None
    assert asked.compare.tolerance == 0.05
    assert chosen.text.startswith("# smoke.yaml with A=shop:1 B=shop:2 REPEATS=4\n")


@pytest.mark.parametrize("a", ["shop:1", "shop.yaml", "poll"])
def test_what_was_chosen_is_in_the_run_s_file(
    a: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(SHOP)
    chosen = choose_two(a, "shop:2", tolerance=0.2)
    path = tmp_path / "experiment.yaml"
    path.write_text(chosen.text)
    for again in (read_source(path, "ab"), kept_source(path, "ab")):
        assert [t.id for t in plan(again.experiment)] == [t.id for t in plan(chosen.experiment)]
        assert again.experiment.compare == chosen.experiment.compare


def test_servers_may_be_described_in_files(tmp_path: Path) -> None:
    """Two ways of running one image; the port of an image is none of a file's."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(f"{SHOP}environment: {{POOL: '8'}}\n")
    new.write_text(f"{SHOP}environment: {{POOL: '32'}}\nname: bigger\n")
    assert names_of(str(old), str(new)) == ("shop", "bigger")
    assert choose_two(str(old), str(new)).notes == ()
    assert names_of(str(old), str(old)) == ("shop_a", "shop_b")
    ports = foreign_servers(plan(choose_two(str(old), "bakery:1", 9000).experiment))
    assert {server.name: server.port for server in ports} == {"shop": 8000, "bakery": 9000}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (("", ""), "^A and B: missing; two servers are compared: make ab A=shop:1 B=shop:2"),
        (("shop:1", ""), "^B: missing"),
        (("", "shop:1"), "^A: missing"),
        (("poll", "poll"), "A and B are both poll, a server that the lab has one of"),
        (("shop.yaml", "shop:2"), "^A=shop.yaml: no such file"),
        (
            ("shop:1", "epol_level"),
            "^B=epol_level: did you mean 'epoll_level'.*is B=epol_level:lat",
        ),
        (("shop:1", "no image!"), "^B=no image!: "),
        (("poll", "epoll_level", 80), "^PORT=80: poll is one of the lab's own"),
        (("shop:1", "shop:2", None, "smok"), "no experiment named 'smok'; did you mean 'smoke'"),
        (("shop:1", "shop:2", None, "readiness"), "A=shop:1 B=shop:2: |no trial of it can be run"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(given: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(LabError, match=reason) as told:
        choose_two(*given)
    assert told.value.exit is Exit.BAD_INPUT


def test_a_sweep_that_one_of_them_cannot_be_asked_is_left_out_of_both(tmp_path: Path) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text("image: orders:1\nrequest: {method: POST, path: /orders, body: x}\n")
    chosen = choose_two("shop:1", str(path), name="smoke")
    (note,) = chosen.notes
    assert note.startswith("left out: sweep pipelined: ")
    assert "pipelined" not in {sweep.name for sweep in chosen.experiment.sweeps}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--a", "shop:1"], "B: missing"),
        (["--a", "x:1", "--b", "x:2", "--tolerance", "5"], "TOLERANCE 5: expected a share"),
        (["--a", "x:1", "--b", "x:2", "--budget", "20"], "BUDGET=20: expected a time"),
    ],
)
def test_the_command_line_refuses_before_anything_is_done(
    options: list[str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "start", lambda *_: pytest.fail("something was done"))
    done = CliRunner().invoke(command_line.cli, ["ab", *options])
    assert done.exit_code == Exit.BAD_INPUT
    assert reason in done.stderr


def test_the_plan_is_printed_and_nothing_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "limits_here", lambda: None)
    monkeypatch.setattr(command_line, "start", lambda *_: pytest.fail("something was done"))
    done = CliRunner().invoke(command_line.cli, ["ab", "--plan", "--a", "shop:1", "--b", "shop:2"])
    assert done.exit_code == Exit.OK
    lines = done.stdout.splitlines()
    assert sum("shop_1: " in line for line in lines) == sum("shop_2: " in line for line in lines)
    assert lines[-1].startswith("then at most ")
