"""What a build is given: its files as a tar, which is equal for equal content."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from experiments.images.wheelhouse import MARKER


@contextmanager
def build_context(files: Mapping[str, bytes | Path]) -> Iterator[IO[bytes]]:
    """The tar of these contents, or files of the host, by their names in it."""
    with tempfile.TemporaryFile() as stream:
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for name, content in files.items():
                data = content.read_bytes() if isinstance(content, Path) else content
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        stream.seek(0)
        yield stream


def wheels_in(folder: Path, place: str) -> dict[str, bytes | Path]:
    """The fetched packages of a lock, by their names below `place` in the context."""
    files = (file for file in sorted(folder.iterdir()) if file.name != MARKER)
    return {f"{place}/{file.name}": file for file in files}
