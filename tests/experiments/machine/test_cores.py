"""Server and load get like cores of their own, on machines of every kind."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from contract.exits import LabError
from experiments.docker.tool import program
from experiments.machine import topology
from experiments.machine.checks import check_cores
from experiments.machine.cores import Core, Placement, place, place_apart, see_cores
from experiments.machine.topology import reading
from tests.support.fakes import FakeDriver
from tests.support.placed import placed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

THREADS = "not two threads of one core"


def pairs(*cores: tuple[int, ...], **about: Any) -> list[Core]:
    """Cores, each by its threads."""
    return sorted(
        (Core(number, threads, **about) for threads in cores for number in threads),
        key=lambda core: core.number,
    )


def each(numbers: Iterable[int], **about: Any) -> list[Core]:
    return [Core(number, (number,), **about) for number in numbers]


MACHINES: dict[str, tuple[list[Core], tuple[str, str, str], str]] = {
    "two": (each(range(2)), ("0", "1", "1"), ""),
    "gaps": (each((3, 7, 12)), ("3", "12", "7"), ""),
    "threads side by side": (pairs((0, 1), (2, 3)), ("0", "2", "3"), THREADS),
    "threads far apart": (
        pairs((0, 4), (1, 5), (2, 6), (3, 7)),
        ("0", "3 1", "2"),
        THREADS,
    ),
    "one core": (
        pairs((0, 1)),
        ("0", "1", "1"),
        "two threads of one core, which slow each other down, as there is no other core",
    ),
    "slow cores last": (
        [*pairs((0, 1), (2, 3)), *each(range(4, 8), slow=True)],
        ("0", "2", "7"),
        f"like cores, 4 of 8 are of this kind; {THREADS}",
    ),
    "slow cores first": (
        [*each(range(4), speed=446), *each((4, 5, 6), speed=1024)],
        ("4", "6 5", "3"),
        "like cores, 3 of 7 are of this kind",
    ),
    "a favoured core": (
        [*each((0, 1), speed=5_000), *each((2, 3), speed=5_200)],
        ("0", "3 1", "2"),
        "",
    ),
    "one fast core": (
        [*each((0,), speed=1024), *each((1, 2, 3), speed=400)],
        ("1", "3 2", "0"),
        "like cores, 3 of 4 are of this kind",
    ),
    "no two alike": (
        [*each((0,), speed=1024), *each((1,), speed=400)],
        ("0", "1", "1"),
        "cores of unlike kinds, as no two are alike",
    ),
    "two sockets": (
        [*each((0, 2, 4), package=0), *each((1, 3, 5), package=1)],
        ("0", "4 2", "5"),
        "on one socket, 0",
    ),
    "a core on each socket": (
        [*each((0,), package=0), *each((1,), package=1)],
        ("0", "1", "1"),
        "",
    ),
}


@pytest.mark.parametrize("name", MACHINES)
def test_server_and_load_go_on_like_cores(name: str) -> None:
    cores, (server, loads, others), why = MACHINES[name]
    found = place(cores)
    assert (found.server, " ".join(found.loads), found.others) == (server, loads, others)
    assert found.why == why
    assert found.unlike == (name in ("one core", "no two alike"))


@pytest.mark.parametrize("name", MACHINES)
def test_nothing_else_is_on_the_server_s_core(name: str) -> None:
    cores, *_ = MACHINES[name]
    found = place(cores)
    (own,) = (core for core in cores if str(core.number) == found.server)
    if name != "one core":
        beside = {found.others, *found.loads, *found.needs(1).split(",")}
        assert not {str(number) for number in own.physical} & beside


@pytest.mark.parametrize("name", MACHINES)
def test_the_probe_has_a_core_beside_the_one_that_it_times(name: str) -> None:
    cores, *_ = MACHINES[name]
    found = place(cores)
    assert set(found.probing.split(",")) == {found.server, found.others}
    assert found.server != found.others


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_core_is_too_few(count: int) -> None:
    with pytest.raises(LabError, match="two cores"):
        placed(count)


@pytest.mark.parametrize(
    ("name", "status", "seen"),
    [
        ("gaps", "ok", "3; server on core 3, load on core 12"),
        ("threads side by side", "ok", f"4; server on core 0, load on core 2: {THREADS}"),
        ("one core", "warn", "2; server on core 0, load on core 1: two threads of one core"),
    ],
)
def test_the_doctor_shows_the_choice(name: str, status: str, seen: str) -> None:
    cores, *_ = MACHINES[name]
    found = check_cores(len(cores), place(cores))
    assert found.status == status
    assert found.seen.startswith(seen)
    assert bool(found.advice) == (status == "warn")


@pytest.fixture
def machine(tmp_path: Path) -> Callable[[str, dict[str, str]], list[dict[str, Any]]]:
    """What is read on a machine with these files."""

    def read(allowed: str, files: dict[str, str]) -> list[dict[str, Any]]:
        for name, text in {"proc/self/status": f"Cpus_allowed_list:\t{allowed}\n", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return reading(tmp_path / "proc", tmp_path / "devices")

    return read


def core(number: int, **files: str) -> dict[str, str]:
    at = f"devices/system/cpu/cpu{number}/"
    return {at + name.replace("__", "/"): text for name, text in files.items()}


def test_what_the_kernel_tells_of_cores(
    machine: Callable[[str, dict[str, str]], list[dict[str, Any]]],
) -> None:
    files = {
        **core(0, topology__core_cpus_list="0,8", topology__physical_package_id="0"),
        **core(8, topology__thread_siblings_list="0,8", cpufreq__cpuinfo_max_freq="4800000"),
        **core(9, cpu_capacity="446", cpufreq__cpuinfo_max_freq="1"),
        "devices/cpu_atom/cpus": "9-15",
    }
    known: dict[str, Any] = {"threads": None, "package": None, "speed": None, "slow": False}
    assert machine("0,8-10", files) == [
        {**known, "number": 0, "threads": [0, 8], "package": 0},
        {**known, "number": 8, "threads": [0, 8], "speed": 4_800_000},
        {**known, "number": 9, "speed": 446, "slow": True},
        {**known, "number": 10, "slow": True},
    ]


def test_a_container_is_asked_and_needs_nothing_but_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interpreter, option, source = program(topology)
    assert (interpreter, option) == ("python3", "-c")
    assert "import experiments" not in source
    assert "from experiments" not in source
    told = [
        {"number": 4, "threads": [4, 5], "package": None, "speed": None, "slow": False},
        {"number": 5, "threads": [4, 5], "package": 1, "speed": 9, "slow": True},
    ]
    monkeypatch.setattr("experiments.machine.cores.run_tool", lambda *_: json.dumps(told))
    found = see_cores(FakeDriver(), "image")
    assert [asdict(one) for one in found] == [
        {"number": 4, "threads": (4, 5), "package": None, "speed": 0, "slow": False},
        {"number": 5, "threads": (4, 5), "package": 1, "speed": 9, "slow": True},
    ]


def two_hosts(cores: int, most: int | None = None) -> Placement:
    """One host that loads."""
    return place_apart(each(range(2)), {"load": (each(range(cores)), most)})


def test_on_two_hosts_the_load_has_all_cores_but_the_one_beside_it() -> None:
    found = two_hosts(4)
    assert (found.server, found.loads, found.others) == ("0", ("0", "3", "1"), "1")
    assert found.beside_load == "2"
    assert found.on_several_hosts
    assert found.measured(3) == ("0",)
    assert str(found) == "server on core 0, load on core 0 of its host"
    assert two_hosts(4, most=2).loads == ("0", "3")
    with pytest.raises(LabError):
        two_hosts(1)


def test_load_workers_take_turns_on_the_hosts_until_one_is_full() -> None:
    loads = {"load 1": (each(range(2)), None), "load 2": (each(range(8)), 3)}
    found = place_apart(each(range(2)), loads)
    assert [one.side for one in found.load_hosts] == ["load 1", "load 2"]
    assert [one.cores for one in found.load_hosts] == [("0", "1"), ("0", "7", "5")]
    assert found.loads == ("0", "0", "1", "7", "5")
    assert found.hosts_of(5) == (0, 1, 0, 1, 1)
    assert found.loading(3) == ("0", "0", "1")
    assert found.beside_load == "1", "that of the first, where the master is"
    assert place(each(range(4))).hosts_of(3) == (0, 0, 0)
