"""What `make checkup` is told becomes the plan of a run, or is answered with what is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contract.checkup.description import CHECK_UP, CLOSED, CROWD, IDLE, described
from contract.exits import Exit, LabError
from experiments.checkup.choice import (
    QUICK_ROUNDS,
    ROUNDS,
    beside_of,
    choice_of,
    choose_checkup,
    choose_two_checkups,
)
from experiments.checkup.rules_file import read_rules
from experiments.plan.overrides import kept_source
from experiments.plan.trials import plan
from experiments.records.run_folder import Store

USUAL = read_rules(None)
SHOP = """
image: shop:1
port: 8000
path: /items 90, /cart 10
"""


def refusal(*asked: object) -> str:
    server, port, rules, beside, quick = asked
    with pytest.raises(LabError) as told:
        choose_checkup(server, port, read_rules(rules), beside, quick)  # type: ignore[arg-type]
    assert told.value.exit is Exit.BAD_INPUT
    return str(told.value)


def test_an_image_is_asked_the_same_as_those_beside_it(tmp_path: Path) -> None:
    choice = choose_checkup("shop:1", 8000, USUAL, ["epoll_level", "nginx"], quick=False)
    trials = plan(choice.source.experiment)
    assert len(trials) == 3 * 4
    assert {one.point.settings.server for one in trials} == {"shop", "epoll_level", "nginx"}
    shop = next(one.point for one in trials if one.point.settings.server == "shop")
    assert shop.foreign
    assert (shop.foreign.port, shop.settings.backlog, shop.settings.warm_up_s) == (8000, None, None)
    store = Store.create(tmp_path, choice.source, "run-1")
    again = kept_source(store.experiment, "checkup")
    assert [one.id for one in plan(again.experiment)] == [one.id for one in trials]
    about = described(json.loads(json.dumps(choice.known)))
    assert about
    assert about.servers == ("shop", "epoll_level", "nginx")


def test_a_server_of_the_lab_is_not_beside_itself() -> None:
    choice = choose_checkup("epoll_level", None, USUAL, ["epoll_level"], quick=True)
    assert {one.point.settings.server for one in plan(choice.source.experiment)} == {"epoll_level"}
    assert choice.known[CHECK_UP]["beside"] == []
    assert choice.known[CHECK_UP]["most"] < 12


def test_of_a_mix_the_first_request_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    choice = choose_checkup(str(path), None, USUAL, [], quick=False)
    (server,) = choice.source.experiment.servers
    assert server.path == "/items"
    assert choice.source.notes == ("shop is described with a mix; its check-up asks for /items",)


def test_rules_of_a_file_take_the_place_of_the_usual_ones(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("p99_ms: 20\nthresholds: ['holds_per_s > 2000']\n")
    about = described(choose_checkup("poll", None, read_rules(path), [], quick=False).known)
    assert about
    assert about.rules.limits.p99_ms == 20
    assert about.rules.connections == 64
    assert about.rules.marks


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("p99_ms: fast", "p99_ms: 'fast'; has to be a number from 0.1 to 60,000"),
        ("[1, 2]", "has to be keys with values"),
        ("a: [", "not valid YAML"),
        ("limits: 1", "limits: no such key"),
    ],
)
def test_a_file_of_rules_that_cannot_be_read(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    message = refusal("poll", None, path, [], False)
    assert told in message
    assert str(path) in message


def test_what_is_missing_or_unknown_is_told(tmp_path: Path) -> None:
    assert "SERVER is missing" in refusal("", None, None, [], False)
    assert "no such file" in refusal("poll", None, tmp_path / "none.yaml", [], False)
    assert "leave PORT out" in refusal("poll", 80, None, [], False)
    assert "did you mean" in refusal("epol_level", None, None, [], False)


def test_who_is_beside_it() -> None:
    assert beside_of("", references=False, quick=False) == ["epoll_level"]
    assert beside_of("", references=True, quick=False) == ["epoll_level", "nginx"]
    assert beside_of("", references=True, quick=True) == ["epoll_level"]
    assert beside_of("none", references=True, quick=False) == []
    assert beside_of("poll, uvicorn poll", references=False, quick=True) == ["poll", "uvicorn"]


def test_another_image_of_the_same_name_may_be_beside_it() -> None:
    choice = choose_checkup("shop:2", 8000, USUAL, ["shop:1", "poll"], quick=False)
    assert choice.known[CHECK_UP]["beside"] == ["shop_b", "poll"]
    images = {one.name: (one.image, one.port) for one in choice.source.experiment.servers}
    assert images == {"shop": ("shop:2", 8000), "shop_b": ("shop:1", 8000)}
    servers = {one.point.settings.server for one in plan(choice.source.experiment)}
    assert servers == {"shop", "shop_b", "poll"}


def test_a_slip_of_the_pen_beside_it_is_told() -> None:
    assert "did you mean 'poll'" in refusal("shop:1", 80, None, ["pol"], False)


def test_of_two_servers_every_planned_trial_stands_beside_its_pair(tmp_path: Path) -> None:
    choice = choose_two_checkups("shop:1", "shop:2", 8000, USUAL, quick=False)
    trials = plan(choice.source.experiment)
    servers = [one.point.settings.server for one in trials]
    assert len(trials) == 2 * 4 * ROUNDS
    pairs = list(zip(trials[::2], trials[1::2], strict=True))
    assert all(
        {a.point.settings.server, b.point.settings.server} == {"shop_1", "shop_2"} for a, b in pairs
    )
    assert all(a.point.settings.load == b.point.settings.load for a, b in pairs)
    assert len(set(servers[::2])) == 2, "which of them comes first is by chance"
    about = described(json.loads(json.dumps(choice.known)))
    assert about
    assert about.groups == (("shop_1", "shop_2"),)
    assert (about.server, about.beside, about.rounds) == ("shop_2", ("shop_1",), ROUNDS)
    store = Store.create(tmp_path, choice.source, "run-1")
    again = kept_source(store.experiment, "checkup")
    assert [one.id for one in plan(again.experiment)] == [one.id for one in trials]
    quick = described(choose_two_checkups("poll", "shop:2", 8000, USUAL, quick=True).known)
    assert quick
    assert (quick.rounds, quick.servers) == (QUICK_ROUNDS, ("shop", "poll"))


def test_one_image_twice_has_two_names() -> None:
    choice = choose_two_checkups("shop:1", "shop:1", 8000, USUAL, quick=True, tolerance=0.2)
    assert choice.known[CHECK_UP]["server"] == "shop_b"
    assert choice.known[CHECK_UP]["beside"] == ["shop_a"]
    assert choice.known[CHECK_UP]["compared"]["tolerance"] == 0.2


@pytest.mark.parametrize(
    ("server", "two", "beside", "tolerance", "told"),
    [
        ("", ("shop:1", ""), "", None, "B is missing beside A=shop:1: make checkup A=shop:1 B="),
        ("", ("", "shop:2"), "", None, "A is missing beside B=shop:2: make checkup A=shop:1 B="),
        ("poll", ("shop:1", ""), "", None, "SERVER=poll beside A=shop:1: a check-up is of one"),
        ("poll", ("a:1", "b:1"), "", None, "SERVER=poll beside A=a:1 B=b:1: a check-up is of one"),
        ("", ("poll", "shop:2"), "nginx", None, "BESIDE=nginx: A=poll B=shop:2 has its other serv"),
        ("poll", ("", ""), "", 0.1, "TOLERANCE is for two servers"),
        ("", ("", ""), "", None, "SERVER is missing"),
        ("", ("poll", "poll"), "none", None, "A and B are both poll"),
        ("", ("poll", "epoll_level"), "", None, "PORT=8000: poll is one of the lab's own servers"),
    ],
)
def test_what_does_not_go_together_is_told(
    server: str, two: tuple[str, str], beside: str, tolerance: float | None, told: str
) -> None:
    port = None if "both poll" in told else 8_000
    with pytest.raises(LabError, match=f"^{re.escape(told)}") as refused:
        choice_of(server, two, port, USUAL, beside, tolerance, lambda: False, quick=False)
    assert refused.value.exit is Exit.BAD_INPUT


def test_some_questions_are_asked_alone() -> None:
    """With what they need: a flood is as large as the load that idle connections showed."""
    sweeps = {
        asked: {
            one.point.sweep
            for one in plan(
                choose_checkup("poll", None, read_rules(None, asked), [], False).source.experiment
            )
        }
        for asked in ("idle", "leak", "clients")
    }
    assert sweeps == {
        "idle": {CLOSED, IDLE, CROWD},
        "leak": {CLOSED, CROWD},
        "clients": {CLOSED, IDLE, CROWD},
    }


@pytest.mark.parametrize(
    ("questions", "told"),
    [
        (
            "leak,hold",
            "QUESTIONS=leak,hold: questions: hold: no such question; did you mean 'holds'?",
        ),
        (",", "QUESTIONS=,: questions: name at least one of holds, cost"),
        ("idle", "QUESTIONS=idle: thresholds[0]: leak_fds is a figure of leak, which is not asked"),
    ],
)
def test_questions_that_cannot_be_asked(tmp_path: Path, questions: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("thresholds: [leak_fds < 1]\nquestions: [leak, idle]")
    with pytest.raises(LabError, match=re.escape(told)) as refused:
        read_rules(path, questions)
    assert refused.value.exit is Exit.BAD_INPUT
