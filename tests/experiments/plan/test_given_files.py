"""Files that are given to containers: only what is below the experiment's folder, and copies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from experiments.plan import given_files
from experiments.plan.given_files import KEPT, fault_of, keep, tree_hash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An experiment's folder, with a file beside it that is none of its own."""
    (tmp_path / "secret").write_text("s")
    inner = tmp_path / "mine"
    (inner / "conf").mkdir(parents=True)
    (inner / "conf" / "a").write_text("a")
    (inner / "run.sh").write_text("#!/bin/sh\n")
    (inner / "run.sh").chmod(0o700)
    (inner / "out").symlink_to("../secret")
    (inner / "in").symlink_to("conf/a")
    return inner


@pytest.mark.parametrize("source", ["conf", "conf/a", "run.sh", "in", "./conf/../run.sh"])
def test_what_is_below_the_folder_can_be_given(folder: Path, source: str) -> None:
    assert fault_of(folder, source) == ""


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("nothing", "there is no "),
        ("../secret", "leads to "),
        ("out", "'out' leads to "),
        (".", "only what is below"),
        ("/etc/hostname", "leads to /etc/hostname"),
        ("a\0b", "there is no"),
    ],
)
def test_what_is_elsewhere_is_refused_with_where_it_leads(
    folder: Path, source: str, fault: str
) -> None:
    assert fault in fault_of(folder, source)


def test_whole_path_is_refused_even_if_it_leads_below(folder: Path) -> None:
    assert "leads to" in fault_of(folder, str(folder / "run.sh"))


def test_link_in_a_folder_may_lead_about_in_it_and_not_out_of_it(folder: Path) -> None:
    (folder / "conf" / "b").symlink_to("a")
    assert fault_of(folder, "conf") == ""
    (folder / "conf" / "c").symlink_to("../run.sh")
    assert "conf/c leads out of 'conf'" in fault_of(folder, "conf")


def test_neither_pipes_nor_too_much_is_copied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(folder / "conf" / "pipe")
    assert "conf/pipe is neither a file nor a folder" in fault_of(folder, "conf")
    monkeypatch.setattr(given_files, "MOST_BYTES", 9)
    assert "put it into the image" in fault_of(folder, "run.sh")


def test_copies_can_be_read_by_every_user_and_executed_as_before(
    folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    (folder / "conf" / "a").chmod(0o600)
    keep(folder, ["conf", "run.sh"], run)
    modes = {
        name: (run / KEPT / name).stat().st_mode & 0o777 for name in ("conf", "conf/a", "run.sh")
    }
    assert modes == {"conf": 0o755, "conf/a": 0o644, "run.sh": 0o744}
    assert fault_of(run / KEPT, "run.sh") == "", "as it is read again when a run goes on"


def test_hash_follows_content_names_and_links(folder: Path) -> None:
    seen = [tree_hash(folder / "conf")]
    (folder / "conf" / "a").write_text("b")
    seen.append(tree_hash(folder / "conf"))
    (folder / "conf" / "a").rename(folder / "conf" / "z")
    seen.append(tree_hash(folder / "conf"))
    (folder / "conf" / "l").symlink_to("z")
    seen.append(tree_hash(folder / "conf"))
    assert len(set(seen)) == 4
    assert tree_hash(folder / "run.sh") == tree_hash(folder / "run.sh")
