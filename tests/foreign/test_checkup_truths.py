"""Check-ups of servers whose answers are known: each is told. In `make foreign`."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from analysis.checkup.report import build
from experiments.checkup.choice import choose_checkup
from experiments.images.context import build_context
from experiments.images.store import ImageStore
from experiments.paths import ROOT
from experiments.run import session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analysis.checkup.document import CheckUpFound
    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = [pytest.mark.docker, pytest.mark.others]

FOLDER = ROOT / "tests" / "foreign" / "truths"


@pytest.fixture
def image(engine: DockerDriver, images: Images) -> Iterator[str]:
    """Somebody's image; gone after the test."""
    name = f"c10k-truths-test/{engine.owner}:1"
    files = {file: (FOLDER / file).read_bytes() for file in ("Dockerfile", "server.py")}
    with build_context(files) as context:
        ImageStore(engine).build(context, name, arguments={"BASE": images.server})
    yield name
    engine.api.remove_image(name)


def check_up(folder: Path, image: str, truth: str) -> CheckUpFound:
    path = folder / f"{truth}.yaml"
    path.write_text(f"image: {image}\nname: {truth}\ncommand: [{truth}]\n")
    choice = choose_checkup(str(path), None, None, [], quick=True)
    store = session.start(choice.source, Console(file=io.StringIO()), 0.0, choice.known)
    made = build(store.folder)
    assert made
    assert made.found.complete
    return made.found


def figure(found: CheckUpFound, question: str, name: str) -> float:
    one = next(one for one in found.questions if one.question == question)
    return one.answer.figures[name].value


def mark(found: CheckUpFound, question: str) -> str:
    return next(one.mark for one in found.questions if one.question == question)


def test_one_that_is_limited_to_2000_a_second(image: str, results: Path) -> None:
    found = check_up(results, image, "limited")
    assert figure(found, "holds", "holds_per_s") == pytest.approx(2_000, rel=0.03)
    assert mark(found, "leak") == "good"


def test_one_that_leaks_1_kb_a_request(image: str, results: Path) -> None:
    found = check_up(results, image, "leaks")
    assert figure(found, "leak", "leak_bytes") == pytest.approx(1_050, rel=0.15)
    assert mark(found, "leak") == "breaks"


def test_one_that_closes_idle_connections_after_2_s(image: str, results: Path) -> None:
    found = check_up(results, image, "closes_idle")
    assert figure(found, "idle", "idle_closes_s") == pytest.approx(2, abs=0.2)
    assert mark(found, "idle") == "good"


def test_one_whose_accept_queue_takes_16(image: str, results: Path) -> None:
    found = check_up(results, image, "short_queue")
    assert figure(found, "crowd", "crowd_queue_limit") == 16
    assert figure(found, "crowd", "crowd_drops") > 0
    assert mark(found, "crowd") != "good"
