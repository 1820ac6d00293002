"""What enters an image and its hash."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from contract.exits import LabError
from experiments.images import build
from experiments.paths import ROOT
from tests.support.image_store import FakeDriver

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver

FILES = {
    Path("experiments/images/Dockerfile"): b"FROM x",
    Path("experiments/probe/probe.py"): b"probe",
    Path("experiments/probe/processes.py"): b"processes",
    Path("experiments/probe/sock_diag.py"): b"listeners",
    Path("loadgen/engine/engine.py"): b"engine",
    Path("loadgen/requirements.lock"): b"lock",
    Path("servers/requirements.lock"): b"lock",
    Path("servers/variants/epoll.py"): b"epoll",
}


@pytest.mark.parametrize(
    ("path", "touched"),
    [
        ("experiments/images/Dockerfile", {"server", "load", "peers", "traced", "browser"}),
        ("experiments/probe/probe.py", {"server", "traced"}),
        ("experiments/probe/processes.py", {"server", "traced"}),
        ("experiments/probe/sock_diag.py", {"server", "traced"}),
        ("experiments/probe/tracing.py", {"traced"}),
        ("servers/variants/epoll.py", {"server", "traced"}),
        ("loadgen/engine/engine.py", {"load", "peers"}),
        ("loadgen/requirements.lock", {"load", "peers"}),
        ("servers/requirements.lock", {"server", "traced"}),
    ],
)
def test_a_change_rebuilds_what_it_enters(path: str, touched: set[str]) -> None:
    changed = {**FILES, Path(path): b"changed"}
    differs = {
        target
        for target in build.CONTENT
        if build.target_hash(target, "id", FILES) != build.target_hash(target, "id", changed)
    }
    assert differs == touched


def test_hash_knows_base_target_and_names() -> None:
    reference = build.target_hash("load", "id", FILES)
    renamed = {Path("loadgen/motor.py") if path.name == "engine.py" else path: content
               for path, content in FILES.items()}  # fmt: skip
    assert len(reference) == 12
    assert reference != build.target_hash("load", "other", FILES)
    assert reference != build.target_hash("peers", "id", FILES)
    assert reference != build.target_hash("load", "id", renamed)
    assert reference == build.target_hash("load", "id", dict(reversed(FILES.items())))


def test_unknown_target() -> None:
    with pytest.raises(LabError, match="no such image: nope"):
        build.ensure_images(cast("DockerDriver", FakeDriver()), ["nope"])


@pytest.mark.parametrize("target", build.CONTENT)
def test_each_stage_finds_its_wheels_in_the_context(target: str) -> None:
    above, found, _ = (ROOT / build.DOCKERFILE).read_text().partition(f" AS {target}\n")
    assert found
    copied = re.findall(r"^COPY wheels/(\w+) /opt/wheels$", above, re.MULTILINE)
    assert list(build.locks(target)) == copied  # the classic builder builds all stages above
