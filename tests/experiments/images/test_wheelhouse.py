"""pip's arguments, and where the wheels are kept."""

from __future__ import annotations

from pathlib import Path

from experiments.images import wheelhouse


def test_pip_takes_only_what_the_lock_names() -> None:
    command = wheelhouse.download_command("aarch64", Path("a.lock"), Path("out"))
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(command)
    assert "--platform=manylinux_2_28_aarch64" in command
    assert "--platform=manylinux2014_aarch64" in command
    assert not any("://" in word or "index" in word for word in command)


def test_wheels_are_kept_by_lock_and_machine(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text("one")
    first = wheelhouse.wheel_folder("x86_64", lock, tmp_path)
    assert first != wheelhouse.wheel_folder("aarch64", lock, tmp_path)
    lock.write_text("two")
    assert first != wheelhouse.wheel_folder("x86_64", lock, tmp_path)
