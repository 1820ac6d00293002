"""What `make test-engines` says where it can do nothing."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from contract.exits import Exit
from experiments.images import debootstrap
from tests.engines import __main__ as command
from tests.engines import host

if TYPE_CHECKING:
    from collections.abc import Callable

    Which = Callable[..., str | None]


def having(*absent: str) -> Which:
    """In place of shutil.which, on a host without these programs."""
    return lambda name, **_: None if name in absent else f"/usr/bin/{name}"


@pytest.mark.parametrize(
    ("system", "absent", "user", "words"),
    [
        ("Darwin", (), 0, "this needs a Debian host"),
        ("Linux", ("apt-get",), 0, "this needs a Debian host"),
        ("Linux", (), 1000, "this needs root: `sudo make test-engines`"),
        ("Linux", ("perl",), 0, "this needs `sudo apt-get install perl` on this host"),
        ("Linux", ("nsenter", "ip"), 0, "this needs `apt-get install iproute2 util-linux`"),
        ("Linux", (), 0, ""),
    ],
)
def test_what_is_missing_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    absent: tuple[str, ...],
    user: int,
    words: str,
) -> None:
    (tmp_path / "there").write_text("1\n")
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(shutil, "which", having(*absent))
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr(debootstrap, "KEYRINGS", (tmp_path / "there",))
    monkeypatch.setattr(host, "FORWARDS", tmp_path / "there")
    told = host.obstacle()
    assert told.startswith(words)
    assert bool(told) == bool(words)


def test_a_host_that_forwards_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "off").write_text("0\n")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(shutil, "which", having())
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(debootstrap, "KEYRINGS", (tmp_path / "off",))
    monkeypatch.setattr(host, "FORWARDS", tmp_path / "off")
    assert "`sysctl net.ipv4.ip_forward=1`" in host.obstacle()


@pytest.mark.parametrize(
    ("ci", "code", "words"),
    [("", Exit.OK, "skipped: no"), ("true", Exit.FAILED, "CI=true forbids skipping: no")],
)
def test_it_says_why_it_skips_and_in_ci_nothing_skips(
    monkeypatch: pytest.MonkeyPatch, ci: str, code: Exit, words: str
) -> None:
    monkeypatch.setattr(command, "obstacle", lambda: "no root")
    monkeypatch.setenv("CI", ci)
    done = CliRunner().invoke(command.main, [])
    assert done.exit_code == code
    assert done.output == f"{words} root\n"


def test_an_engine_or_a_case_that_is_not_there_is_refused() -> None:
    for option in ("--engines", "--cases"):
        done = CliRunner().invoke(command.main, [option, "smoke, x"])
        assert done.exit_code == Exit.USAGE
        known = "trixie" if option == "--engines" else "doctor, smoke"
        wrong = "smoke" if option == "--engines" else "x"
        assert f"'{wrong}' is none of: {known}" in done.output
