"""Experiment files: each that ships is valid; a bad one gets all its faults, with lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.exits import Exit, LabError
from experiments.plan.experiment_file import find, names, read, servers

BAD = """\
question: hi
repeat: 3
seed: -1
sweeps:
  - name: a
    axes:
      server: [epol_level, poll]
      idle_connections: [0, x]
    settings: {load: keepalive, server: poll}
  - axes: {backlogg: [1]}
"""


@pytest.mark.parametrize("name", names())
def test_what_ships_is_valid(name: str) -> None:
    assert read(find(name)).question


def test_every_fault_at_once_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    with pytest.raises(LabError) as caught:
        read(path)
    assert caught.value.exit is Exit.BAD_INPUT
    lines = {
        int(line.split(":")[1]): line.split(": ", 1)[1] for line in str(caught.value).splitlines()
    }
    assert "unknown key 'repeat'; did you mean 'repeats'?" in lines[2]
    assert "greater than or equal to 0, not -1" in lines[3]
    assert "unknown server 'epol_level'; did you mean 'epoll_level'?" in lines[7]
    assert "valid integer" in lines[8]
    assert "'keep_alive'" in lines[9]
    assert "did you mean 'backlog'?" in lines[10] or "'sweeps.1.name' is missing" in lines[10]
    assert "unknown key 'sweeps.1.axes.backlogg'; did you mean 'backlog'?" in str(caught.value)
    assert "'sweeps.1.name' is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected keys and values"),
        ("- 1\n", "expected keys and values"),
        ("a: [", "not valid YAML"),
        ("seed: 2020-13-45", "not valid YAML"),
        ("question: x\nquestion: y\nsweeps: [{name: a}]\n", ":2: the key 'question' stands twice"),
        ("question: x\nsweeps: [{name: a, axes: {server: [poll]}, settings: {server: poll}}]\n",
         "both an axis and a fixed setting"),
        ("question: x\nsweeps: [{name: a}, {name: a}]\n", "two sweeps are named a"),
        ("question: x\nsweeps: [{name: a, settings: {path: maps}}]\n", "'maps' is not a path"),
        ("question: x\nsweeps: [{name: a}]\ncompare: {a: poll, b: epol_level}\n",
         ":3: unknown server 'epol_level'; did you mean 'epoll_level'"),
        ("question: x\nsweeps: [{name: a}]\ncompare: {a: poll, b: poll}\n",
         ":3: .*a and b are both poll; for an A/A test give its image twice"),
        ("question: x\nsweeps: [{name: a}]\ncompare: {a: poll, b: epoll_level}\n",
         ":3: compare: no sweep has both poll and epoll_level"),
        ("question: x\nsweeps: [{name: a}]\ncompare: {a: poll, c: epoll_level}\n",
         "unknown key 'compare.c'"),
        ("question: x\nsweeps: [{name: a}]\ncompare: {a: poll, b: select, tolerance: 10}\n",
         "tolerance.*less than 1"),
    ],
)  # fmt: skip
def test_other_faults(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(LabError, match=reason):
        read(path)


def test_an_unknown_experiment_is_answered_with_the_nearest() -> None:
    with pytest.raises(LabError, match="did you mean 'c10k'"):
        find("c10")


def test_servers_are_found_by_file_name() -> None:
    assert {"epoll_level", "iterative", "poll", "select", "thread_per_connection"} <= set(servers())


@pytest.mark.parametrize("text", ["sweeps: &a [*a]\n", "a: " + "[" * 2_000 + "]" * 2_000 + "\n"])
def test_what_is_nested_without_end_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text(text)
    with pytest.raises(LabError, match="nested too deeply, or in itself"):
        read(path)
