"""Where two runs cannot tell, the comparison says how both servers are compared in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analysis.compare.comparison import compare
from analysis.compare.way_on import way_on
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path


def told(tmp_path: Path, *entries: dict[str, Any], noise: float = 0.3) -> str:
    folders = []
    for name, seed, entry in zip("ab", (1, 2), entries, strict=True):
        frame = made.trials(3, seed=seed, noise=noise)
        servers = {"shop": entry} if entry else {}
        folders.append(made.write_run(tmp_path / name, frame, run=name, servers=servers))
    return way_on(compare(folders))


def entry(image: str, identity: str = "1", **more: Any) -> dict[str, Any]:
    return {"origin": "foreign", "image": image, "id": f"sha256:{identity * 64}", **more}


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (entry("shop:1"), entry("shop:2"), "A=shop:1 B=shop:2"),
        (entry("shop:1", port=80), entry("shop:2", port=80), "A=shop:1 B=shop:2 PORT=80"),
        (entry("shop:1"), entry("shop:1", "2"), "A=111111111111 B=222222222222"),
        (entry("shop:1", port=80), entry("shop:2", port=81), "A=IMAGE:1 B=IMAGE:2"),
        (entry("shop:1", needs={"db": {}}), entry("shop:2"), "A=IMAGE:1 B=IMAGE:2"),
        ({}, {}, "A=IMAGE:1 B=IMAGE:2"),
    ],
)
def test_the_command_names_the_servers_where_the_runs_do(
    first: dict[str, Any], second: dict[str, Any], words: str, tmp_path: Path
) -> None:
    assert told(tmp_path, first, second).endswith(f"make ab {words} EXPERIMENT=c10k")


def test_what_can_be_told_needs_no_other_run(tmp_path: Path) -> None:
    assert told(tmp_path, {}, {}, noise=0.001) == ""
