"""Pictures that another process saves are those that this one would save."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from analysis.charts.painters import Painters
from analysis.figures import all_figures
from tests.support import made_up_run as made
from tests.support.trial_details import write_details

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    frame = made.trials(3)
    folder = made.write_run(tmp_path_factory.mktemp("run"), frame)
    write_details(folder, frame)
    return analysis.load(folder)


def painted(painters: Painters, run: Run, folder: Path) -> dict[str, bytes]:
    """The files of all figures that there are, by name; SVGs are also what comes back."""
    for name, figure in all_figures().items():
        if len(figure.table(run)):
            painters.save(figure.draw(run), folder, name)
    texts = painters.texts()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert texts == {name: files[f"{name}.svg"].decode() for name in texts}
    assert set(files) == {f"{name}.{kind}" for name in texts for kind in ("png", "svg")}
    return files


def test_a_helper_draws_the_same(run: Run, tmp_path: Path) -> None:
    with Painters(helped=True) as painters:
        helped = painted(painters, run, tmp_path / "helped")
    with Painters() as alone:
        assert painted(alone, run, tmp_path / "alone") == helped
    assert len(helped) > 10


def test_without_its_helper_it_draws_all_by_itself(run: Run, tmp_path: Path) -> None:
    with Painters(helped=True) as painters:
        assert painters._helper is not None
        painters._helper.kill()
        assert len(painted(painters, run, tmp_path / "figures")) > 10


@pytest.mark.parametrize("helped", [True, False])
def test_a_full_disk_is_told_by_whoever_met_it(run: Run, tmp_path: Path, helped: bool) -> None:
    (tmp_path / "figures").write_text("in the way")
    figure = next(iter(all_figures().values()))
    with Painters(helped=helped) as painters:
        for number in range(4):
            painters.save(figure.draw(run), tmp_path / "figures", str(number))
        with pytest.raises(FileExistsError):
            painters.texts()
