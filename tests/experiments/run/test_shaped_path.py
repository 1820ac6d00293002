"""A path that a trial wants shaped is so before its server is there, or costs the trial."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from experiments.docker.driver import ContainerSpec
from tests.support.fakes import FakeDriver, FakeMaster, some_trials
from tests.support.trials import conduct


def shaped(driver: FakeDriver, **settings: Any) -> list[ContainerSpec]:
    """The containers of a trial whose path is shaped so, in the order of their starts."""
    trial = some_trials()[0]
    changed = replace(trial.point.settings, **settings)
    conduct(driver, FakeMaster(), replace(trial, point=replace(trial.point, settings=changed)))
    return driver.started


def test_a_path_is_shaped_in_the_pod_before_a_server_is_there() -> None:
    started = shaped(FakeDriver(), delay_ms=25.0)
    roles = [spec.role for spec in started]
    assert roles.index("pod") < roles.index("link") < roles.index("server")
    assert roles.count("link") == 1
    (link,) = (spec for spec in started if spec.role == "link")
    assert link.network.startswith("container:")
    assert "sport 8080" in link.command[-1]


def test_across_a_bridge_a_path_is_shaped_at_both_ends() -> None:
    started = shaped(FakeDriver(), delay_ms=25.0, network="bridge")
    links = {spec.name.partition("-t")[2]: spec.network for spec in started if spec.role == "link"}
    assert len(set(links.values())) == 2
    assert not [spec for spec in shaped(FakeDriver()) if spec.role == "link"]


def test_a_path_that_cannot_be_shaped_costs_its_trial_and_no_server_starts() -> None:
    driver = FakeDriver(dead={"link"}, said={"pod-link": "+ tc qdisc\nno room"})
    trial = some_trials()[0]
    settings = replace(trial.point.settings, loss=0.01)
    asked = replace(trial, point=replace(trial.point, settings=settings))
    outcome = conduct(driver, FakeMaster(), asked)
    assert outcome.reason == "the path cannot be shaped: `tc qdisc` ended with 9: no room"
    assert outcome.spoiled_by == "surroundings"
    assert "server" not in {spec.role for spec in driver.started}
    assert not driver.up
