"""An experiment made of others, and points that run in some blocks only."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rich.console import Console

from contract.exits import LabError
from experiments.plan import experiment_file
from experiments.plan.overrides import read_source
from experiments.plan.source import Source
from experiments.plan.trials import plan, points
from experiments.records.run_folder import Store
from experiments.run import session

PARTS = {
    "first": {
        "question": "one?",
        "settings": {"active_connections": 8, "window_s": 0.5},
        "sweeps": [
            {"name": "a", "axes": {"server": ["poll", "select"]}},
            {"name": "b", "axes": {"active_connections": [8, 9]}, "repeats": 1},
        ],
        "claims": [2, 6],
        "figures": ["memory"],
    },
    "second": {
        "question": "two?",
        "settings": {"window_s": 0.5},
        "sweeps": [{"name": "a", "settings": {"server": "poll", "active_connections": 8}}],
        "claims": [2],
        "thresholds": ["errors < 1"],
    },
}
WHOLE = {"question": "all?", "repeats": 2, "include": ["first", "second"], "claims": [3]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(experiment_file, "FOLDER", tmp_path)
    for name, document in (PARTS | {"whole": WHOLE}).items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(document))
    return tmp_path


def test_sweeps_come_under_their_experiment_s_name_with_its_settings(folder: Path) -> None:
    whole = experiment_file.read(folder / "whole.yaml")
    assert [sweep.name for sweep in whole.sweeps] == ["first.a", "first.b", "second.a"]
    assert {point.settings.window_s for point in points(whole)} == {0.5}
    assert whole.questions == {"first": "one?", "second": "two?"}
    assert (whole.claims, whole.figures, whole.thresholds) == (
        [2, 3, 6],
        ["memory"],
        ["errors < 1"],
    )
    assert whole.repeats == 2


def test_what_two_parts_ask_for_runs_once(folder: Path) -> None:
    found = points(experiment_file.read(folder / "whole.yaml"))
    shown = [(p.sweep, p.settings.server, p.settings.active_connections) for p in found]
    assert shown == [
        ("first.a", "poll", 8),
        ("first.a", "select", 8),
        ("first.b", "epoll_level", 8),
        ("first.b", "epoll_level", 9),
    ]


def test_a_run_goes_on_by_its_own_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word, though the files that it includes have changed since."""
    source = read_source(folder / "whole.yaml", "whole")
    store = Store.create(folder / "results", source, "run-1")
    store.write_manifest({})
    for name in PARTS:
        (folder / f"{name}.yaml").unlink()
    found: list[Source] = []
    monkeypatch.setattr(session, "_measure", lambda _run, source, *_rest: found.append(source))
    session.resume(store.folder, Console())
    (again,) = found
    assert (again.name, again.sha256) == (source.name, source.sha256)
    assert [t.id for t in plan(again.experiment)] == [t.id for t in plan(source.experiment)]
    assert again.experiment.questions == source.experiment.questions


def test_repeats_of_a_sweep_are_its_first_blocks(folder: Path) -> None:
    trials = plan(experiment_file.read(folder / "whole.yaml"))
    blocks: dict[str, list[int]] = {}
    for trial in trials:
        blocks.setdefault(trial.point.sweep, []).append(trial.block)
    assert sorted(set(blocks["first.a"])) == [1, 2]
    assert set(blocks["first.b"]) == {1}
    assert len({trial.id for trial in trials}) == len(trials)


def test_a_point_runs_as_often_as_the_one_that_wants_it_most(folder: Path) -> None:
    document = PARTS["second"] | {"sweeps": [{"name": "z", "axes": {"active_connections": [8]}}]}
    (folder / "second.yaml").write_text(yaml.safe_dump(document))
    found = {
        p.settings.active_connections: p
        for p in points(experiment_file.read(folder / "whole.yaml"))
    }
    assert found[9].repeats == 1
    assert found[8].repeats is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("frist", r"whole.yaml:\d+: no experiment named 'frist'; did you mean 'first'"),
        ("whole", r"whole.yaml:\d+: 'whole' would include itself"),
    ],
)
def test_what_cannot_be_included_is_told(folder: Path, name: str, fault: str) -> None:
    (folder / "whole.yaml").write_text(yaml.safe_dump(WHOLE | {"include": [name]}))
    with pytest.raises(LabError, match=fault):
        experiment_file.read(folder / "whole.yaml")


def test_a_circle_is_told(folder: Path) -> None:
    (folder / "first.yaml").write_text(yaml.safe_dump(PARTS["first"] | {"include": ["whole"]}))
    with pytest.raises(LabError, match="would include itself"):
        experiment_file.read(folder / "whole.yaml")


def test_an_experiment_of_nothing_is_told(folder: Path) -> None:
    (folder / "none.yaml").write_text("question: what?\n")
    with pytest.raises(LabError, match="needs sweeps, or experiments to include"):
        experiment_file.read(folder / "none.yaml")
