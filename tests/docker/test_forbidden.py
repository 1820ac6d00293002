"""A sweep over a variant that cannot run here: void, with the variant's own reason."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from rich.console import Console

from experiments.docker import container_options, docker_driver
from experiments.plan.overrides import read_source
from experiments.run import session
from tests.docker.test_by_hand import FORBID, REASON

if TYPE_CHECKING:
    from pathlib import Path

    from experiments.docker.driver import ContainerSpec
    from experiments.images.build import Images

pytestmark = pytest.mark.docker

EXPERIMENT = """
question: Is a variant that cannot run told with its reason?
repeats: 1
reference: false
settings: {active_connections: 4, window_s: 0.5, warm_up_s: 0.1}
sweeps: [{name: s, axes: {server: [io_uring, poll], network: [pod, bridge]}}]
"""


def test_a_variant_that_is_forbidden_costs_its_own_trials(
    images: Images, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert images.server

    def forbidding(spec: ContainerSpec) -> dict[str, Any]:
        asked = container_options.host_settings(spec)
        asked["security_opt"] = [*asked["security_opt"], f"seccomp={json.dumps(FORBID)}"]
        return asked

    monkeypatch.setattr(docker_driver, "host_settings", forbidding)
    path = results / "mine.yaml"
    path.write_text(EXPERIMENT)
    store = session.start(read_source(path, "mine"), Console(file=io.StringIO()))
    rows = pd.read_csv(store.folder / "trials.csv").set_index("server")
    refused = rows.loc[["io_uring"]]
    assert (refused["validity"] == "void").all()
    assert len(refused) == 2
    for reason in refused["reason"]:
        assert f"the server ended with exit code 3; its log ends: error: {REASON}" in reason
    assert (rows.loc[["poll"], "outcome"] == "completed").all()
    assert (rows.loc[["poll"], "requests"] > 0).all()
