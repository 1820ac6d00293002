"""docs/experiments.md tells every key, its example works, and the editors' schema is current."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contract.settings.setting import declared
from contract.settings.trial import Settings
from experiments.paths import ROOT
from experiments.plan.container_keys import ContainerKeys
from experiments.plan.experiment_file import FOLDER, read, servers
from experiments.plan.foreign_server import Foreign, Need
from experiments.plan.schema import Experiment, Sweep
from experiments.plan.trials import pairs, plan, points
from tests.support.settings_table import settings_table

README = (ROOT / "README.md").read_text()
DOCS = ROOT / "docs"
TEXT = (DOCS / "experiments.md").read_text()
SCHEMA = DOCS / "experiment.schema.json"
EXAMPLE_LINES = 11  # the editor's line, and ten


@pytest.mark.parametrize("model", [Experiment, Sweep])
def test_every_key_is_told_in_the_words_of_the_schema(
    model: type[Experiment] | type[Sweep],
) -> None:
    for name, field in model.model_fields.items():
        row = rf"^\| `{name}` \| {re.escape(str(field.description))} \|$"
        assert re.search(row, TEXT, re.MULTILINE), f"docs/experiments.md lacks {name}"


@pytest.mark.parametrize("model", [Foreign, Need])
def test_every_key_of_a_container_is_told(model: type[ContainerKeys]) -> None:
    text = (DOCS / "add-a-server.md").read_text()
    lacking = [name for name in model.model_fields if not re.search(rf"`{name}[`:]", text)]
    assert not lacking, "docs/add-a-server.md lacks them"


def test_every_setting_is_told_as_it_is_declared() -> None:
    table = settings_table(declared(Settings))
    assert table in TEXT, f"docs/experiments.md has another table of settings than this:\n{table}"


def test_the_schema_for_editors_is_current() -> None:
    current = json.dumps(Experiment.model_json_schema(), indent=2) + "\n"
    assert SCHEMA.read_text() == current, (
        "run: python -m experiments schema > docs/experiment.schema.json"
    )


def test_the_example_of_ten_lines_works(tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert found
    assert found[1].count("\n") <= EXAMPLE_LINES
    path = tmp_path / "shop.yaml"
    path.write_text(found[1])
    experiment = read(path)
    assert experiment.thresholds
    assert {point.settings.server for point in points(experiment)} == {"epoll_level", "shop"}


def test_the_example_of_two_servers_works(tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", (DOCS / "two-servers.md").read_text(), re.DOTALL)
    assert found
    path = tmp_path / "silent.yaml"
    path.write_text(found[1])
    experiment = read(path)
    assert len(pairs(experiment, points(experiment))) == 2
    assert experiment.thresholds


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_experiment_names_the_schema(path: Path) -> None:
    first, *_ = path.read_text().splitlines()
    _, named = first.split("$schema=")
    assert (path.parent / named).resolve() == SCHEMA.resolve()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_readme_knows_every_experiment_and_its_size(path: Path) -> None:
    found = re.search(rf"^\| `{path.stem}`[^|]*\| (\d+) \|", README, re.MULTILINE)
    assert found, f"README.md has no row for {path.stem}"
    trials = len(plan(read(path)))
    assert int(found[1]) == trials, f"README.md: {path.stem} has {trials} trials"


def test_the_readme_names_every_server_of_the_lab() -> None:
    table = README.partition("| group | servers |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", table))
    assert named == set(servers()), "the table of servers in README.md lacks one, or has another"
