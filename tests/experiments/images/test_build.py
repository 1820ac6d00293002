"""Hashes of images, the choice of the base and pip's arguments, on a fake engine."""

from __future__ import annotations

import io
import re
import shlex
import tarfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, NoReturn, cast

import pytest

from contract.exits import Exit, LabError
from experiments.docker.driver import AbsentError, DriverError
from experiments.images import base, build, debootstrap, wheelhouse
from experiments.images.image import Image, own_tags
from experiments.images.store import ImageStore as RealStore
from experiments.images.store import label_step
from experiments.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.base import Base
    from experiments.images.store import ImageStore

FILES = {
    Path("experiments/images/Dockerfile"): b"FROM x",
    Path("experiments/probe/probe.py"): b"probe",
    Path("experiments/probe/processes.py"): b"processes",
    Path("experiments/probe/sock_diag.py"): b"listeners",
    Path("loadgen/engine/engine.py"): b"engine",
    Path("loadgen/requirements.lock"): b"lock",
    Path("servers/requirements.lock"): b"lock",
    Path("servers/variants/epoll.py"): b"epoll",
}


class FakeDriver:
    owner = "me"

    def info(self) -> dict[str, str]:
        return {"Architecture": "x86_64"}


class FakeStore:
    """Images by tag; a registry that has `registry`, or does not answer."""

    def __init__(self, *, registry: bool = False) -> None:
        self.images: dict[str, Image] = {}
        self.registry = registry
        self.done: list[str] = []
        self.dockerfile: list[str] = []

    def find(self, reference: str) -> Image | None:
        return self.images.get(reference)

    def owned(self, *, everyone: bool = False) -> list[Image]:
        assert everyone
        return [one for one in self.images.values() if own_tags(one)]

    def pull(self, reference: str) -> Image:
        self.done.append("pull")
        if not self.registry:
            raise DriverError("no such host")
        return self._add(reference, {}, ("python@sha256:abc",))

    def import_tar(self, stream: IO[bytes], reference: str, labels: Mapping[str, str]) -> Image:
        self.done.append("import")
        assert stream.read() == b"root"
        return self._add(reference, labels)

    def build(self, context: IO[bytes], reference: str) -> Image:
        self.done.append("build")
        with tarfile.open(fileobj=context) as tar:
            dockerfile = tar.extractfile("Dockerfile")
            assert dockerfile is not None
            self.dockerfile = dockerfile.read().decode().splitlines()
        pairs = [word.partition("=") for word in shlex.split(self.dockerfile[1])[1:]]
        return self._add(reference, {name: value for name, _, value in pairs})

    def untag(self, reference: str) -> None:
        del self.images[reference]

    def _add(
        self, reference: str, labels: Mapping[str, str], digests: tuple[str, ...] = ()
    ) -> Image:
        image = Image(f"sha256:{reference}", (reference,), digests, dict(labels))
        self.images[reference] = image
        return image


@pytest.fixture
def python(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The version and machine that a base answers with; change it in place."""
    answer = ["3.13.7 x86_64\n"]
    monkeypatch.setattr(base, "run_tool", lambda *_: answer[0])
    monkeypatch.delenv(base.VARIABLE, raising=False)
    return answer


def ensure(store: FakeStore, said: list[str], driver: FakeDriver | None = None) -> Base:
    return base.ensure_base(
        cast("DockerDriver", driver or FakeDriver()), cast("ImageStore", store), said.append
    )


@contextmanager
def made_root() -> Iterator[IO[bytes]]:
    yield io.BytesIO(b"root")


def impossible(architecture: str) -> NoReturn:
    raise debootstrap.UnavailableError(f"no root here for {architecture}")


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that can make a root of Debian's packages."""
    monkeypatch.setattr(debootstrap, "check_possible", lambda _: None)
    monkeypatch.setattr(debootstrap, "root_as_tar", made_root)


@pytest.mark.usefixtures("python")
def test_registry_comes_first_and_its_digest_is_kept() -> None:
    store, said = FakeStore(registry=True), list[str]()
    made = ensure(store, said)
    assert (made.origin, made.digest, made.python) == ("registry", "python@sha256:abc", "3.13.7")
    assert list(store.images) == [made.reference]  # the pulled tag is not left behind
    assert len(said) == 1
    assert ensure(store, said) == made
    assert store.done == ["pull", "build"]


class PulledOnce:
    """An engine that has what it pulls, and whose lists leave out what they were not asked for."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {}

    def pull(self, reference: str, **_: object) -> list[dict[str, str]]:
        digests = ["other@sha256:aa", f"{reference.rpartition(':')[0]}@sha256:bb"]
        self.there[reference] = {"Id": "sha256:1", "RepoTags": [reference], "RepoDigests": digests}
        return [{"status": "Downloaded"}]

    def inspect_image(self, reference: str) -> dict[str, Any]:
        if reference not in self.there:
            raise AbsentError(reference)
        return {**self.there[reference], "Config": {"Labels": None}}

    def images(self, name: str) -> list[dict[str, Any]]:
        return [{**self.there[name], "RepoDigests": None}] if name in self.there else []


@pytest.mark.parametrize("reference", ["python:3.13", "localhost:5000/python:3.13"])
def test_digest_of_a_pulled_image_is_of_its_own_registry(reference: str) -> None:
    driver = SimpleNamespace(api=PulledOnce(), guard=lambda _: nullcontext())
    store = RealStore(cast("DockerDriver", driver))
    image = store.pull(reference)
    assert base.digest_of(reference, image) == f"{reference.rpartition(':')[0]}@sha256:bb"
    assert base.digest_of("elsewhere:1", image) == "other@sha256:aa"
    assert base.digest_of("mine:1", Image("sha256:2", ("mine:1",), (), {})) == ""


@pytest.mark.usefixtures("python")
def test_official_image_that_was_there_stays() -> None:
    store, said = FakeStore(registry=True), list[str]()
    store.pull(base.OFFICIAL)
    made = ensure(store, said)
    assert made.origin == "registry"
    assert base.OFFICIAL in store.images
    assert said == []


@pytest.mark.usefixtures("python", "packages")
def test_without_a_registry_debian_packages() -> None:
    store, said = FakeStore(), list[str]()
    made = ensure(store, said)
    assert (made.origin, made.digest) == ("debootstrap", "")
    assert "no image registry answers" in said[-1]
    assert store.done == ["pull", "import", "build"]
    assert ensure(store, said) == made  # and no second try to pull
    assert store.done == ["pull", "import", "build"]


@pytest.mark.usefixtures("python", "packages")
def test_a_root_that_was_imported_by_a_killed_start_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To import it again would take its tag away, and nobody would find it any more."""
    store = FakeStore()
    with monkeypatch.context() as killed:
        killed.setattr(base, "run_tool", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ensure(store, [])
    (left,) = store.images
    assert left.startswith("c10k-lab/base-raw:")
    made = ensure(store, [])
    assert store.done == ["pull", "import", "pull", "build"]
    assert list(store.images) == [made.reference]


@pytest.mark.usefixtures("python", "packages")
def test_base_of_another_owner_is_built_on() -> None:
    store = FakeStore()
    first = ensure(store, [])
    other = FakeDriver()
    other.owner = "somebody-else"
    second = ensure(store, [], other)
    assert second.reference != first.reference
    assert second.origin == "debootstrap"
    assert store.done == ["pull", "import", "build", "build"]


@pytest.mark.usefixtures("python")
def test_neither_way_says_both_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debootstrap, "check_possible", impossible)
    said: list[str] = []
    with pytest.raises(LabError, match=r"no such host.*no root here.*C10K_BASE_IMAGE") as failed:
        ensure(FakeStore(), said)
    assert failed.value.exit is Exit.NOT_READY
    assert said == [f"base image: pulling {base.OFFICIAL}"]  # nothing is begun that cannot end


@pytest.mark.usefixtures("python")
def test_given_base_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore(registry=True)
    store.pull("mine:1")
    monkeypatch.setenv(base.VARIABLE, "mine:1")
    made = ensure(store, [])
    assert made.origin == "environment"
    assert made.digest == "python@sha256:abc"
    assert store.dockerfile[2:] == ["USER root", "ENTRYPOINT []"]  # whatever its own are
    assert ensure(store, []) == made


def test_given_base_of_another_python_is_refused(
    monkeypatch: pytest.MonkeyPatch, python: list[str]
) -> None:
    python[0] = "3.12.1 x86_64"
    monkeypatch.setenv(base.VARIABLE, "mine:1")
    with pytest.raises(LabError, match=r"mine:1: it has Python 3\.12\.1"):
        ensure(FakeStore(registry=True), [])


@pytest.mark.parametrize("given", [None, "mine:1"])
def test_a_base_for_another_machine_is_told(
    monkeypatch: pytest.MonkeyPatch, python: list[str], given: str | None
) -> None:
    """An emulator runs it; the packages of the lab would not go with it."""
    python[0] = "3.13.7 aarch64\n"
    if given:
        monkeypatch.setenv(base.VARIABLE, given)
    store = FakeStore(registry=True)
    words = r"it is for aarch64, and the engine's machine is x86_64; `docker pull"
    with pytest.raises(LabError, match=words) as failed:
        ensure(store, [])
    assert failed.value.exit is Exit.NOT_READY
    assert store.done == ["pull"]


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ("arm64", "it is for arm64, and the engine's machine is x86_64"),
        ("amd64", "ended with 1"),
        ("", "ended with 1"),
    ],
)
@pytest.mark.usefixtures("python")
def test_a_base_that_does_not_run_is_for_another_machine_if_it_says_so(
    monkeypatch: pytest.MonkeyPatch, architecture: str, words: str
) -> None:
    def fail(*_: object) -> NoReturn:
        raise DriverError("python3 in a container ended with 1: exec format error")

    monkeypatch.setattr(base, "run_tool", fail)
    store = FakeStore()
    there = Image("sha256:1", (base.OFFICIAL,), (), {}, architecture=architecture)
    store.images[base.OFFICIAL] = there
    with pytest.raises((LabError, DriverError), match=words):
        ensure(store, [])


@pytest.mark.parametrize(
    ("architecture", "machine", "runs"),
    [
        ("amd64", "x86_64", True),
        ("amd64", "aarch64", False),
        ("arm64", "x86_64", False),
        ("arm64", "aarch64", True),
        # A processor that has the older one's instructions as well.
        ("386", "x86_64", True),
        ("arm", "aarch64", True),
        ("arm", "x86_64", False),
        # Nothing is known.
        ("", "x86_64", True),
        ("amd64", "", True),
        ("loong64", "loongarch64", True),
    ],
)
def test_an_image_is_for_some_machines(architecture: str, machine: str, runs: bool) -> None:
    assert Image("1", (), (), {}, architecture=architecture).is_for(machine) is runs


@pytest.mark.parametrize(
    ("path", "touched"),
    [
        ("experiments/images/Dockerfile", {"server", "load", "peers", "traced", "browser"}),
        ("experiments/probe/probe.py", {"server", "traced"}),
        ("experiments/probe/processes.py", {"server", "traced"}),
        ("experiments/probe/sock_diag.py", {"server", "traced"}),
        ("experiments/probe/tracing.py", {"traced"}),
        ("servers/variants/epoll.py", {"server", "traced"}),
        ("loadgen/engine/engine.py", {"load", "peers"}),
        ("loadgen/requirements.lock", {"load", "peers"}),
        ("servers/requirements.lock", {"server", "traced"}),
    ],
)
def test_a_change_rebuilds_what_it_enters(path: str, touched: set[str]) -> None:
    changed = {**FILES, Path(path): b"changed"}
    differs = {
        target
        for target in build.CONTENT
        if build.target_hash(target, "id", FILES) != build.target_hash(target, "id", changed)
    }
    assert differs == touched


def test_hash_knows_base_target_and_names() -> None:
    reference = build.target_hash("load", "id", FILES)
    renamed = {Path("loadgen/motor.py") if path.name == "engine.py" else path: content
               for path, content in FILES.items()}  # fmt: skip
    assert len(reference) == 12
    assert reference != build.target_hash("load", "other", FILES)
    assert reference != build.target_hash("peers", "id", FILES)
    assert reference != build.target_hash("load", "id", renamed)
    assert reference == build.target_hash("load", "id", dict(reversed(FILES.items())))


def test_unknown_target() -> None:
    with pytest.raises(LabError, match="no such image: nope"):
        build.ensure_images(cast("DockerDriver", FakeDriver()), ["nope"])


def test_pip_takes_only_what_the_lock_names() -> None:
    command = wheelhouse.download_command("aarch64", Path("a.lock"), Path("out"))
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(command)
    assert "--platform=manylinux_2_28_aarch64" in command
    assert "--platform=manylinux2014_aarch64" in command
    assert not any("://" in word or "index" in word for word in command)


def test_wheels_are_kept_by_lock_and_machine(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text("one")
    first = wheelhouse.wheel_folder("x86_64", lock, tmp_path)
    assert first != wheelhouse.wheel_folder("aarch64", lock, tmp_path)
    lock.write_text("two")
    assert first != wheelhouse.wheel_folder("x86_64", lock, tmp_path)


@pytest.mark.parametrize("target", build.CONTENT)
def test_each_stage_finds_its_wheels_in_the_context(target: str) -> None:
    above, found, _ = (ROOT / build.DOCKERFILE).read_text().partition(f" AS {target}\n")
    assert found
    copied = re.findall(r"^COPY wheels/(\w+) /opt/wheels$", above, re.MULTILINE)
    assert list(build.locks(target)) == copied  # the classic builder builds all stages above


def test_labels_are_one_step() -> None:
    assert label_step({"a": "1", "b.c": "two"}) == 'LABEL "a"="1" "b.c"="two"'
