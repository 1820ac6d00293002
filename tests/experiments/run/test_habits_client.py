"""The client that sees habits comes after the load, and what it says is kept with the trial."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from contract.request import ASKED, Request, parse_requests
from contract.result.document import from_json, to_json
from contract.result.trial_result import TrialResult
from experiments.docker.driver import ContainerSpec
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Trial
from experiments.records.outcome import Outcome
from experiments.run.habits_client import await_habits, see_habits
from experiments.run.habits_command import NAME, command
from experiments.run.server_under_test import server_under_test
from tests.support.fakes import FakeDriver, FakeImages, FakeMaster, some_trials
from tests.support.seen_habits import good_habits
from tests.support.trials import conduct


def trial(**changes: Any) -> Trial:
    first = some_trials()[0]
    settings = replace(first.point.settings, **{"habits_s": 7.5, **changes})
    return replace(first, point=replace(first.point, settings=settings))


def asked_habits(driver: FakeDriver) -> Outcome:
    return conduct(driver, FakeMaster(), trial())


def test_it_joins_the_load_where_the_server_is_and_its_word_is_the_results() -> None:
    said = json.dumps(to_json(good_habits()))
    driver = FakeDriver(said={NAME: f"a warning\n{said}\n"})
    outcome = asked_habits(driver)
    assert isinstance(outcome.result, TrialResult)
    assert outcome.result.habits == good_habits()
    assert from_json(TrialResult, to_json(outcome.result)).habits == good_habits()
    assert said in outcome.logs[NAME]
    client = driver.started[-1]
    load = next(spec for spec in driver.started if spec.role == "load")
    assert (client.network, client.cpus, client.image) == (load.network, load.cpus, load.image)
    assert not client.capabilities
    assert not driver.up, "it is removed with the others"


def test_who_does_not_ask_has_no_such_client() -> None:
    driver = FakeDriver()
    outcome = conduct(driver, FakeMaster(), trial(habits_s=0.0))
    assert isinstance(outcome.result, TrialResult)
    assert outcome.result.habits is None
    assert NAME not in outcome.logs
    assert "habits" not in to_json(outcome.result)


def test_a_server_that_ended_is_not_asked() -> None:
    driver = FakeDriver(dead={"server"})
    outcome = asked_habits(driver)
    assert isinstance(outcome.result, TrialResult)
    assert outcome.result.habits
    assert outcome.result.habits.reason == "the server had ended"
    assert not any(spec.name.endswith(f"-{NAME}") for spec in driver.started)


@pytest.mark.parametrize(
    ("driver", "reason"),
    [
        (FakeDriver(dead={NAME}, said={NAME: "no such option"}), "ended with 9: no such option"),
        (FakeDriver(said={NAME: "Hello"}), "cannot be read: "),
        (FakeDriver(said={NAME: '{"cases": 1}'}), "cannot be read: cases: expected an object"),
    ],
)
def test_a_client_that_fails_costs_the_habits_and_not_the_trial(
    driver: FakeDriver, reason: str
) -> None:
    outcome = asked_habits(driver)
    assert isinstance(outcome.result, TrialResult)
    assert outcome.reason == ""
    assert outcome.result.habits
    assert reason in outcome.result.habits.reason


@pytest.mark.parametrize(
    ("far", "changes", "deaf"),
    [(False, {}, True), (True, {}, False), (False, {"delay_ms": 1.0}, False)],
)
def test_who_is_reached_by_a_wire_that_may_have_broken_is_not_called_deaf(
    *, far: bool, changes: dict[str, Any], deaf: bool
) -> None:
    said = good_habits(reason="it takes no connection any more: timed out", deaf=True)
    driver = FakeDriver(said={NAME: json.dumps(to_json(said))})
    spec = ContainerSpec("pod", "a-pod", "i", (), "lab")
    started = {one: driver.start(replace(spec, name=f"a-{one}")) for one in ("server", "pod")}

    client = replace(spec, name=f"a-{NAME}", role=NAME)
    make: Any = SimpleNamespace(
        habits=lambda _trial, _beside: client, placement=SimpleNamespace(on_several_hosts=far)
    )
    found = see_habits(driver, started, make, trial(**changes))
    assert found == replace(said, deaf=deaf)


def test_one_that_goes_on_is_given_up() -> None:
    found = await_habits(FakeDriver(), "nobody", 1.0)
    assert "cannot be had: no such container" in found.reason


def request_in(words: tuple[str, ...]) -> Request:
    return parse_requests(words[words.index("--request") + 1])[ASKED]


def test_it_asks_what_the_load_asks_first() -> None:
    whole = trial(path="/db/5 9, / 1")
    server = server_under_test(whole, FakeImages(), {})
    words = command(whole, server)
    assert request_in(words).path == "/db/5"
    assert words[words.index("--silence") + 1] == "7.5"
    assert words[words.index("--host") + 1] == "127.0.0.1"
    bridged = trial(network="bridge")
    assert "server" in command(bridged, server_under_test(bridged, FakeImages(), {}))


def test_it_asks_a_described_server_as_it_is_described() -> None:
    entry = {
        "name": "shop",
        "image": "shop:1",
        "requests": {"search": {"method": "POST", "path": "/search", "body": "q=1"}},
        "path": "search",
    }
    foreign = Foreign.model_validate(entry)
    whole = trial(server="shop")
    whole = replace(whole, point=replace(whole.point, foreign=foreign))
    server = server_under_test(whole, FakeImages(), {"shop": "sha256:1"})
    asked = request_in(command(whole, server))
    assert (asked.method, asked.path, asked.body) == ("POST", "/search", "q=1")
