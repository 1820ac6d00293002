"""The image of the reference servers: nginx and Python's own, with a Dockerfile of its own."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from contract.exits import Exit, LabError
from experiments.docker.driver import DriverError
from experiments.images.store import ImageStore
from experiments.images.wheelhouse import MARKER, ensure_wheels
from experiments.paths import ROOT
from experiments.references.catalogue import IMAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.base import Base
    from experiments.images.image import Image

FOLDER: Final = ROOT / "experiments" / "references"
FILES: Final = ("Dockerfile", "requirements.lock", "asgi.py", "wsgi.py", "nginx.conf")
LOCK: Final = FOLDER / "requirements.lock"


def ensure_references(
    driver: DockerDriver, base: Base, say: Callable[[str], None] = print
) -> Image:
    """Build it if it is not there, tagged by the hash of what enters it. Raises LabError."""
    try:
        return _ensure(driver, base, say)
    except DriverError as error:
        raise LabError(f"image of the references: {error}", Exit.NOT_READY) from error


def _ensure(driver: DockerDriver, base: Base, say: Callable[[str], None]) -> Image:
    store = ImageStore(driver)
    files = {name: (FOLDER / name).read_bytes() for name in FILES}
    reference = f"{IMAGE}:{content_hash(base.image_id, files)}"
    there = store.find(reference)
    if there is not None:
        return there
    say(f"image references: building {reference}")
    wheels = ensure_wheels(str(driver.info()["Architecture"]), LOCK, say)
    with _context(files, wheels) as context:
        image = store.build(context, reference, arguments={"BASE": base.reference})
    store.supersede(IMAGE, keep=reference)
    return image


def content_hash(base_id: str, files: Mapping[str, bytes]) -> str:
    """Twelve hex digits over the base and each file's name and bytes."""
    digest = hashlib.sha256(base_id.encode())
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


@contextmanager
def _context(files: Mapping[str, bytes], wheels: Path) -> Iterator[IO[bytes]]:
    """The Dockerfile, the folder wheels/ with its lock, and the servers' own files."""
    with tempfile.TemporaryFile() as stream:
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for name, content in files.items():
                _add(tar, _place(name), content)
            for wheel in sorted(wheels.iterdir()):
                if wheel.name != MARKER:
                    _add(tar, f"wheels/{wheel.name}", wheel.read_bytes())
        stream.seek(0)
        yield stream


def _place(name: str) -> str:
    if name == "Dockerfile":
        return name
    return f"wheels/{name}" if name == LOCK.name else f"references/{name}"


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
