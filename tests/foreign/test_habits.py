"""Servers with everyday habits, as a user brings them: measured, or void with the true reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from experiments.images.context import build_context
from experiments.images.store import ImageStore
from experiments.paths import ROOT
from tests.foreign.sweep import differences, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = pytest.mark.docker

FOLDER = ROOT / "tests" / "foreign" / "habits"
EXPECTED = {
    ("keep_alive", "plain"): r"measured",
}


@pytest.fixture
def image(engine: DockerDriver, images: Images) -> Iterator[dict[str, str]]:
    """Somebody's image, by its names in the experiment; gone after the test."""
    name = f"c10k-habits-test/{engine.owner}:1"
    files = {file: (FOLDER / file).read_bytes() for file in ("Dockerfile", "server.py")}
    with build_context(files) as context:
        made = ImageStore(engine).build(context, name, arguments={"BASE": images.server})
    short = made.id.removeprefix("sha256:")[:12]
    yield {"SHORT_ID": short, "IMAGE_ID": made.id, "IMAGE": name}
    engine.api.remove_image(name)  # as a user does it, with the steps that it was built in


def test_each_habit_is_measured_or_told(image: dict[str, str], results: Path) -> None:
    text = (FOLDER / "habits.yaml").read_text()
    for word, name in image.items():
        text = re.sub(rf"(image: (?:docker\.io/)?){word}\b", rf"\g<1>{name}", text)
    assert differences(run(text, results, "habits"), EXPECTED) == {}
