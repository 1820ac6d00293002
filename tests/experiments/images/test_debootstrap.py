"""A root of Debian's packages: what it needs, how it is packed, and whose the cache is after."""

from __future__ import annotations

import io
import os
import platform
import shutil
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from experiments.images import cache, debootstrap


@pytest.mark.parametrize(
    ("checkout", "sudo", "user"),
    [((1000, 100), None, (1000, 100)), ((1000, 100), "1001", (1000, 100)), ((0, 0), "7", (7, 7))],
)
def test_what_root_made_in_the_cache_is_the_user_s(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    checkout: tuple[int, int],
    sudo: str | None,
    user: tuple[int, int],
) -> None:
    folder = tmp_path / ".cache"
    (folder / "a b").mkdir(parents=True)
    (folder / "a b/package").touch()
    given: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cache, "_ids", lambda _: checkout)
    monkeypatch.setattr(os, "lchown", lambda path, *ids: given.update({str(path): ids}))
    for name in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.delenv(name, raising=False)
        if sudo:
            monkeypatch.setenv(name, sudo)
    cache.hand_over(folder)
    monkeypatch.undo()
    made = (folder, folder / "a b", folder / "a b/package")
    assert given == {str(path): user for path in made}


def test_roots_of_systems_keep_their_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".cache"
    (folder / "engines/roots").mkdir(parents=True)
    (folder / "wheels/engines").mkdir(parents=True)
    given: list[str] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cache, "OWNED", folder / "engines")
    monkeypatch.setattr(os, "lchown", lambda path, *_: given.append(str(path)))
    cache.hand_over(folder)
    monkeypatch.undo()
    assert set(given) == {str(folder), f"{folder}/wheels", f"{folder}/wheels/engines"}


def test_a_user_hands_nothing_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "lchown", lambda *_: pytest.fail("it is the user's already"))
    cache.hand_over(tmp_path)


def test_the_root_of_an_image_is_open_to_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[Path] = []
    monkeypatch.setattr(debootstrap, "CACHE", tmp_path / "a b")
    monkeypatch.setattr(debootstrap, "hand_over", lambda: handed.append(tmp_path))
    monkeypatch.setattr(debootstrap, "_apt_options", list)
    monkeypatch.setattr(debootstrap, "_script", lambda _: debootstrap.Script("script", None))
    monkeypatch.setattr(debootstrap, "_mirror", lambda _: "mirror")

    def bootstrap(_script: object, _mirror: str, folder: str, *_: object) -> None:
        (Path(folder) / "etc").mkdir()
        (Path(folder) / "etc/hostname").touch()
        (Path(folder) / "etc/passwd").touch()

    monkeypatch.setattr(debootstrap, "_bootstrap", bootstrap)
    (tmp_path / "a b/root-of-a-killed-start/etc").mkdir(parents=True)
    with debootstrap.root_as_tar() as stream:
        content = stream.read()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        modes = {entry.name: stat.filemode(entry.mode | stat.S_IFDIR) for entry in tar}
    assert modes["."] == "drwxr-xr-x"
    assert set(modes) == {".", "./etc", "./etc/passwd"}
    assert handed
    assert list((tmp_path / "a b").iterdir()) == []


def test_debootstrap_gets_a_path_without_a_space(tmp_path: Path) -> None:
    """Its chroot fails in another; here with a `mount` and a script that tell what they got."""
    folder = tmp_path / "a b"
    folder.mkdir()
    path = folder / "script"
    path.write_text('printf "%s\\n" "$@"\n')
    mount = tmp_path / "mount"
    mount.write_text('#!/bin/sh\nprintf "mount %s\\n" "$@"\n')
    mount.chmod(0o755)
    script = debootstrap.Script(str(path), folder)
    command = debootstrap.bound(
        str(folder), "/run/place", script, "http://mirror", "forky", ("make", "git")
    )
    search = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603 - ours
        command, env={"PATH": search}, capture_output=True, text=True, check=True
    )
    said = done.stdout.splitlines()
    assert said[:3] == ["mount --bind", f"mount {folder}", "mount /run/place"]
    rules = f"{folder}/scripts/sid"
    assert said[-4:] == ["forky", "/run/place", "http://mirror", rules]
    assert "--include=make,git" in said


@pytest.mark.parametrize(
    ("absent", "keyring", "user", "words"),
    [
        ((), True, 0, ""),
        (("wget",), True, 0, "this needs `sudo apt-get install wget` on this host"),
        (("wget", "gpgv"), False, 0, "install gpgv wget debian-archive-keyring` on this host"),
        (("unshare",), True, 1000, "install util-linux` on this host; and root, once: `sudo "),
        ((), True, 1000, "this needs root, once: `sudo '/a b/python' -m experiments images`"),
    ],
)
def test_what_debian_s_packages_need_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    absent: tuple[str, ...],
    keyring: bool,
    user: int,
    words: str,
) -> None:
    def which(name: str, path: str | None = None) -> str | None:
        del path
        return None if name in absent else f"/bin/{name}"

    monkeypatch.setattr(shutil, "which", which)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(sys, "executable", "/a b/python")
    there = tmp_path / "keyring"
    monkeypatch.setattr(debootstrap, "KEYRINGS", (there, tmp_path / "other"))
    if keyring:
        there.touch()
    if not words:
        debootstrap.check_possible("x86_64")
        return
    with pytest.raises(debootstrap.UnavailableError) as failed:
        debootstrap.check_possible("x86_64")
    assert words in str(failed.value)


PROGRAM = "usr/sbin/debootstrap"
RULES = "usr/share/debootstrap/scripts/sid"


def unpack(folder: str, *names: str) -> None:
    for name in names:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("fresh")


@pytest.mark.parametrize("left", [(), (PROGRAM,), (RULES,), (PROGRAM, RULES)])
def test_a_script_that_was_not_unpacked_to_its_end_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: tuple[str, ...]
) -> None:
    """The first time, the disk is full; `left` is what an earlier version has left."""
    done: list[str] = []

    def run(command: list[str], *_: object, folder: str | None = None, **__: object) -> str:
        assert folder
        if "download" in command:
            Path(folder, "debootstrap_1_all.deb").touch()
            return ""
        assert command[:3] == ["dpkg", "-x", "debootstrap_1_all.deb"]
        unpack(command[3], PROGRAM)
        done.append("")
        if len(done) == 1:
            raise debootstrap.UnavailableError("no space left on device")
        unpack(command[3], RULES)
        return ""

    unpack(str(tmp_path / "script"), *left)
    monkeypatch.setattr(debootstrap, "CACHE", tmp_path)
    monkeypatch.setattr(debootstrap, "_run", run)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    if left != (PROGRAM, RULES):
        with pytest.raises(debootstrap.UnavailableError, match="no space"):
            debootstrap._script([])
    script = debootstrap._script([])
    assert debootstrap._script([]) == script
    assert len(done) == (0 if left == (PROGRAM, RULES) else 2)
    assert Path(script.path).read_text() == script.rules.read_text() == "fresh"
    assert list(tmp_path.iterdir()) == [tmp_path / "script"]


def test_programs_beside_the_path_of_a_user_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(shutil, "which", lambda name, path: asked.setdefault(name, path))
    monkeypatch.setenv("PATH", "/usr/bin")
    debootstrap._missing()
    assert set(asked) == set(debootstrap.PROGRAMS)
    assert set(asked.values()) == {"/usr/bin:/usr/sbin:/sbin"}
