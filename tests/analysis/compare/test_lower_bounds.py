"""Two runs side by side of which some times are lower bounds: they may be any longer ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analysis.compare.comparison import RunComparison, compare
from analysis.compare.report import write
from contract.exits import Exit
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

P99 = "response_p99_us"
BLOCKS = 10


def run(folder: Path, name: str, factor: float, bounded: int) -> Path:
    """The p99 of poll beside 10,000 is so many times the usual one, a lower bound in so many
    blocks."""
    frame = made.trials(BLOCKS, seed=len(name), noise=0.01)
    chosen = (frame["server"] == "poll") & (frame["idle_connections"] == 10000)
    frame.loc[chosen, P99] *= factor
    frame.loc[chosen & (frame["block"] <= bounded), "lower_bounds"] = P99
    return made.write_run(folder / name, frame, run=name)


def compared(folder: Path, base: int, factor: float, bounded: int) -> RunComparison:
    return compare(
        [run(folder, "a", 1.0, base), run(folder, "after", factor, bounded)], metrics=[P99]
    )


def words(found: RunComparison) -> tuple[str, str]:
    chosen = found.figures[found.figures["point"].str.match("poll: .*10,000 idle")]
    return str(chosen["word"].iloc[0]), str(chosen["text"].iloc[0])


SECOND = "in 3 trials of the second run"
FIRST = "in 3 trials of the first run"


@pytest.mark.parametrize(
    ("base", "factor", "bounded", "word", "text", "ends"),
    [
        (0, 0.5, 0, "changed", "faster by a factor", Exit.OK),
        (0, 0.5, 3, "cannot tell", f"cannot tell: a lower bound {SECOND}", Exit.CANNOT_TELL),
        (0, 1.0, 3, "cannot tell", f"cannot tell: a lower bound {SECOND}", Exit.CANNOT_TELL),
        (0, 2.0, 3, "changed", f"or more: a lower bound {SECOND}", Exit.REGRESSED),
        (3, 0.5, 0, "changed", f"or more: a lower bound {FIRST}", Exit.OK),
        (3, 1.0, 0, "cannot tell", f"cannot tell: a lower bound {FIRST}", Exit.OK),
        (3, 2.0, 0, "cannot tell", f"cannot tell: a lower bound {FIRST}", Exit.CANNOT_TELL),
        (3, 2.0, 3, "cannot tell", f"{FIRST} and {SECOND}", Exit.CANNOT_TELL),
    ],
)
def test_what_lower_bounds_show_is_told_and_nothing_else(
    tmp_path: Path, base: int, factor: float, bounded: int, word: str, text: str, ends: Exit
) -> None:
    found = compared(tmp_path, base, factor, bounded)
    assert words(found)[0] == word
    assert text in words(found)[1]
    assert found.exit is ends


def test_the_table_writes_them_as_at_least_so_much(tmp_path: Path) -> None:
    page = write(compared(tmp_path, 0, 2.0, 3), tmp_path / "out").markdown.read_text()
    (line,) = [one for one in page.splitlines() if "or more: a lower bound" in one and "|" in one]
    assert "| ≥ 52.9 ms | ≥ 1.99 |" in line  # the second run's figure, and so their ratio
    assert line.count("≥ ") == 2
