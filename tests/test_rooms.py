"""Who may import whom: no circles, no tests in the product, one module that speaks to Docker."""

from __future__ import annotations

import ast
import sys
from collections.abc import Container, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from experiments.images.build import PROBE
from experiments.paths import ROOT

LOOPS = {"gevent", "uvloop"}  # that a variant of servers/ is built on
ROOMS = {
    "contract": {"contract"},
    "servers": {"contract", "servers", *LOOPS},
    "loadgen": {"contract", "loadgen", "locust", "gevent", "hdrh", "flask"},
    "experiments": {
        *("contract", "experiments", "docker", "requests", "urllib3", "click", "rich", "yaml"),
        *("pydantic", "pydantic_core", "psutil"),
    },
    "analysis": {
        *("contract", "analysis", "pandas", "numpy", "scipy", "matplotlib", "jinja2"),
        *("markupsafe", "pydantic", "yaml", "hdrh", "click", "rich"),
    },
}
CONSOLE = {"click", "rich"}  # of contract/console.py alone, which no container imports


def modules(room: str) -> Iterator[Path]:
    yield from (ROOT / room).rglob("*.py")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module or ""}
    return found


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def import_graph() -> dict[str, set[str]]:
    """The product's modules that each module names in an import, wherever the import stands."""
    paths = {module_name(path): path for room in ROOMS for path in modules(room)}
    return {name: set(named(path, paths)) & paths.keys() for name, path in paths.items()}


def named(path: Path, known: Container[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield inside if inside in known else str(node.module)


def circles(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    """Circles of imports, each told once; every circle shares an import with one of them."""
    left = {name: set(others) for name, others in graph.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            yield circle[::-1]
            left[circle[1]].discard(circle[0])
        else:
            return


def packages(room: str) -> dict[str, set[str]]:
    """The packages of a room, and its modules beside them, that each of them imports."""
    found: dict[str, set[str]] = {}
    for name, others in import_graph().items():
        if name.startswith(f"{room}."):
            mine = name.split(".")[1]
            theirs = {other.split(".")[1] for other in others if other.startswith(f"{room}.")}
            found.setdefault(mine, set()).update(theirs - {mine})
    return found


def imports_at_start(path: Path) -> set[str]:
    """What importing the module imports: all but what stands in functions and TYPE_CHECKING."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""}
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    allowed = ROOMS[room] | sys.stdlib_module_names
    for path in modules(room):
        may = allowed | (CONSOLE if path == ROOT / "contract/console.py" else set())
        foreign = {name for name in imports(path) if name.partition(".")[0] not in may}
        assert not foreign, f"{path.relative_to(ROOT)} imports {foreign}"


def test_no_module_imports_itself_by_way_of_others() -> None:
    told = [" imports ".join(circle) for circle in circles(import_graph())]
    assert not told, "\n".join(told)


def test_no_package_of_analysis_imports_itself_by_way_of_others() -> None:
    told = [" imports ".join(circle) for circle in circles(packages("analysis"))]
    assert not told, "\n".join(told)


def test_a_report_waits_for_no_import_that_takes_longer_than_its_use() -> None:
    slow = {"scipy.stats", "matplotlib.pyplot"}
    for path in modules("analysis"):
        assert not set(named(path, slow)) & slow, path


def test_circles_are_found_wherever_imports_stand() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"c"}, "e": {"a", "e"}}
    found = {frozenset(circle) for circle in circles(graph)}
    assert found == {frozenset("abc"), frozenset("cd"), frozenset("e")}


@pytest.mark.parametrize("room", ROOMS)
def test_the_product_neither_imports_nor_runs_tests(room: str) -> None:
    for path in modules(room):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.startswith(("tests.", "tests/")), path
        assert not any(name.partition(".")[0] == "tests" for name in imports(path)), path


def test_servers_run_without_the_loops_of_others() -> None:
    for path in modules("servers"):
        foreign = {name.partition(".")[0] for name in imports(path)} & LOOPS
        assert not foreign or path.parent.name == "variants", f"{path.name} imports {foreign}"
        at_start = {name.partition(".")[0] for name in imports_at_start(path)} & LOOPS
        assert not at_start, f"{path.name}: `servers list` would need {at_start}"


def test_one_module_finds_docker_and_one_speaks_to_it() -> None:
    speakers = {
        path.name
        for path in modules("experiments")
        if any(name.partition(".")[0] == "docker" for name in imports(path))
    }
    assert speakers == {"address.py", "engine.py"}


def test_the_probe_stands_alone() -> None:
    found = set().union(*(imports(ROOT / path) for path in PROBE))
    beside = {".".join(Path(path).with_suffix("").parts) for path in PROBE}
    strangers = {name.partition(".")[0] for name in found - beside}
    assert strangers <= sys.stdlib_module_names | {"contract"}
