"""Whether a plan's paths can be shaped: all of them, their rates, or none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from contract.exits import Exit, LabError
from experiments.docker.docker_driver import DockerDriver
from experiments.images.base import Base
from experiments.images.image import Image
from experiments.link import image as module
from experiments.link.image import Link, ensure_link, without_paths
from experiments.plan.capacity import Limits
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, plan
from tests.support.fakes import FakeDriver, some_trials

NETEM = "+ tc qdisc add dev lo parent 1:11 handle 11: netem delay 25ms\n"
NO_KIND = "Error: Specified qdisc kind is unknown.\n"
IMAGE = Image(id="sha256:link", tags=("c10k-lab/link:1",), digests=(), labels={})


@dataclass
class Kernel(FakeDriver):
    """Knows these disciplines."""

    knows: tuple[str, ...] = ("htb", "netem")

    def _lacks(self, container: str) -> str:
        words = self._spec(container).command[-1].split()
        return next((one for one in ("htb", "netem") if one in words and one not in self.knows), "")

    def wait(self, container: str, timeout_s: float) -> int:
        del timeout_s
        return 2 if self._lacks(container) else 0

    def logs(self, container: str) -> str:
        return f"+ tc qdisc add dev lo parent 1: {self._lacks(container)}\n{NO_KIND}"


def trials(*asked: dict[str, Any]) -> list[Trial]:
    first = some_trials()[0]
    return [
        replace(first, point=replace(first.point, settings=replace(first.point.settings, **one)))
        for one in asked
    ]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    def ensure_built(_driver: object, _base: object, recipe: Any, _say: object) -> Image:
        names.append(recipe.repository)
        return IMAGE

    monkeypatch.setattr(module, "ensure_built", ensure_built)
    return names


def link_of(kernel: Kernel, *asked: dict[str, Any]) -> Link | None:
    base = cast(Base, None)
    return ensure_link(cast(DockerDriver, kernel), base, trials(*asked), "r", lambda _: None)


def test_without_a_shaped_path_no_image_is_built(built: list[str]) -> None:
    assert link_of(Kernel(), {}, {"network": "bridge"}) is None
    assert built == []


def test_all_that_the_plan_asks_for_is_tried(built: list[str]) -> None:
    kernel = Kernel()
    found = link_of(kernel, {"rate_mbit": 10.0}, {"delay_ms": 5.0}, {"loss": 0.1})
    assert found == Link(IMAGE, 2)
    assert built == ["c10k-lab/link"]
    tried = [spec.command[-1] for spec in kernel.started]
    assert "netem" not in tried[0]
    assert "delay 5ms loss 10%" in tried[1]
    assert not kernel.up


def test_a_kernel_without_netem_has_a_rate_to_offer(built: list[str]) -> None:
    found = link_of(Kernel(knows=("htb",)), {"rate_mbit": 10.0}, {"delay_ms": 5.0})
    assert found is not None
    assert found.shaping == 1
    assert found.left_out.startswith("trials with delay_ms or loss are left out: the path cannot")
    only_rate = link_of(Kernel(knows=("htb",)), {"rate_mbit": 10.0})
    assert only_rate == Link(IMAGE, 1)
    assert built


def test_a_kernel_without_htb_has_nothing(built: list[str]) -> None:
    found = link_of(Kernel(knows=()), {"delay_ms": 5.0})
    assert found is not None
    assert found.shaping == 0
    assert "no sch_htb" in found.missing
    assert found.left_out.startswith("trials with a shaped path are left out: ")
    assert built


def experiment(**more: Any) -> Experiment:
    axes = {"delay_ms": [0.0, 5.0], "rate_mbit": [10.0]}
    sweeps = [{"name": "s", "axes": axes}, {"name": "t", "settings": {"server": "poll"}}]
    asked = {"question": "?", "repeats": 1, "sweeps": sweeps, "reference": False}
    return Experiment.model_validate(asked | more)


def test_an_experiment_that_asks_for_it_is_refused_with_what_to_do() -> None:
    link = Link(IMAGE, 1, "the kernel has no sch_netem")
    with pytest.raises(LabError, match="has no sch_netem") as raised:
        without_paths(experiment(), Limits(), link, None)
    assert raised.value.exit == Exit.NOT_READY


def test_one_made_of_others_goes_on_without_it_but_not_in_the_middle() -> None:
    link, whole = Link(IMAGE, 1, "the kernel has no sch_netem"), experiment(questions={"a": "?"})
    limits = without_paths(whole, Limits(nofile=1_000), link, None)
    assert limits == Limits(nofile=1_000, shaping=1)
    with pytest.raises(LabError, match="has no sch_netem"):
        without_paths(whole, limits, link, object())


def test_the_image_is_told_where_a_trial_uses_it() -> None:
    link = Link(IMAGE, 1)
    assert link.used_by(trials({}, {"rate_mbit": 1.0})) == {
        "link": {"tag": "c10k-lab/link:1", "id": "sha256:link"}
    }
    assert link.used_by(trials({})) == {}, "a resumed run that left all out builds none"


@pytest.mark.parametrize(("shaping", "left"), [(None, 3), (2, 3), (1, 2), (0, 1)])
def test_a_plan_has_no_trials_whose_path_cannot_be(shaping: int | None, left: int) -> None:
    assert len(plan(experiment(), Limits(shaping=shaping))) == left
