"""`make clean HOSTS=`: a host that cannot be cleaned does not keep the others, whatever it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from contract.exits import Exit
from experiments.cli import machine
from experiments.docker.driver import DriverError
from experiments.plan.hosts import Host


def test_a_host_whose_engine_refuses_does_not_keep_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned: list[str] = []

    @contextmanager
    def way_to(_host: Host, name: str) -> Iterator[Any]:
        yield SimpleNamespace(address=None, where=name)

    def clean(_driver: object, whose: str = "") -> None:
        cleaned.append(whose)
        if len(cleaned) == 1:
            raise DriverError("container c1 is still being removed after 30 s")

    monkeypatch.setattr(machine, "RunLock", lambda *_: nullcontext())
    monkeypatch.setattr(machine, "way_to", way_to)
    monkeypatch.setattr(machine, "DockerDriver", lambda **_: nullcontext())
    monkeypatch.setattr(machine, "_clean", clean)
    path = tmp_path / "hosts.yaml"
    path.write_text('server: {docker: "ssh://a"}\nload: [{docker: "ssh://b"}]\n')
    done = CliRunner().invoke(machine.clean, ["--hosts", str(path)])
    assert cleaned == ["server: ", "load: "]
    assert done.exit_code == Exit.FAILED
    assert "error: server: Docker: container c1 is still being removed" in done.output
