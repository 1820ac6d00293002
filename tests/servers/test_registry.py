"""What the files in servers/variants/ say of themselves, and how they are found."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from types import ModuleType
from typing import Any

import pytest

from experiments.paths import ROOT
from servers.core.settings import Settings
from servers.registry import HEADINGS, load, names, table
from tests.support.peer import PATIENCE_S

LIBRARIES = ("gevent", "uvloop")
LISTS = f"""
import sys
sys.argv[1:] = ["list"]
from servers.__main__ import main
code = main()
print(*sorted(set({LIBRARIES}) & sys.modules.keys()), sep=", ", end="", file=sys.stderr)
sys.exit(code)
"""


def test_list_names_every_variant_and_needs_no_library() -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter, this repository's own code
        [sys.executable, "-c", LISTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == table() + "\n"
    heading, *lines = done.stdout.splitlines()
    assert tuple(heading.split()) == HEADINGS
    assert sorted(line.split()[0] for line in lines) == names()
    assert all("thread" in line or "process" in line for line in lines)


def test_every_variant_opens_with_its_essay(any_variant: str) -> None:
    text = (ROOT / "servers" / "variants" / f"{any_variant}.py").read_text(encoding="utf-8")
    essay = text.split('"""')[1]
    for part in ("How it works.", "Where it breaks.", "Source.", "Not shared with"):
        assert part in essay


def test_what_a_variant_ignores_are_settings(any_variant: str) -> None:
    assert {item.name for item in fields(Settings)} >= load(any_variant).ignores


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ignores": frozenset({"bcklog"})}, "ignores bcklog: no such setting"),
        ({"since": "long ago"}, "since 'long ago': neither a version of Linux nor `any`"),
        ({"idea": "two\nlines"}, "not one line"),
        ({"workers": " "}, "workers ' ': not one line"),
    ],
)
def test_description_that_cannot_be_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(load("poll"), **change)


def test_file_without_a_description_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servers.registry.importlib.import_module", ModuleType)
    with pytest.raises(TypeError, match=r"servers/variants/novel.py has no VARIANT"):
        load("novel")
