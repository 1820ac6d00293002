"""Reading a good `trials.csv` quickly: in pieces, two at a time, into columns of full length.

Anything out of order gives None, and `csv_check` then says what it is. Each piece is copied to
its place as it comes and let go: columns joined at the end would all exist twice. pandas' parser
holds Python's lock for much of its time, so of a large file a helper takes half of the pieces.
"""

from __future__ import annotations

import contextlib
import csv
import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd

from analysis.csv_piece import TRUE, UNIQUE, piece
from analysis.helper import Helper, HelperGoneError
from experiments.record import COLUMNS, NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from analysis.csv_piece import Piece

PIECE_BYTES = 8 * 2**20
"""Smaller pieces cost more each, and larger ones leave nothing to do beside the last."""
HELPED_FROM = 64 * 2**20
"""Bytes: a smaller file is read before a helper has imported pandas."""
THREADS = 2
SPARE = 1.1
"""Rows that are shorter than those of the first piece are more than it tells."""
CODED = {c.name for c in COLUMNS if c.kind in ("text", "flag") and c.name not in UNIQUE}
MISSING = -1
"""The code of a cell that is empty."""


def parse(file: BinaryIO) -> pd.DataFrame | None:
    """The typed frame, or None if anything at all is out of order."""
    try:
        first = file.readline().decode()
        header = next(csv.reader([first], strict=True), [])
        if not first.endswith("\n") or "\0" in first or len(set(header)) != len(header):
            return None
        if not set(NAMES) <= set(header):
            return None
        start = file.tell()
        size = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        whole = Whole(pieces=size / PIECE_BYTES)
        with Parser(helped=size >= HELPED_FROM) as parser:
            for part in _pieces(file, header, parser):
                if part is None:
                    return None
                whole.add(part)
    except (ValueError, csv.Error):
        return None
    return whole.frame()


class Parser:
    """Parses pieces for several threads, one of them by a helper; to be used as a context
    manager."""

    def __init__(self, *, helped: bool = False) -> None:
        self._helper = Helper("analysis.csv_piece") if helped else None
        self._free = threading.Lock()

    def __enter__(self) -> Parser:
        return self

    def __exit__(self, *_: object) -> None:
        if self._helper is not None:
            self._helper.kill()
            self._helper.close()

    def parse(self, raw: bytes, header: list[str]) -> Piece | None:
        """As `piece` does."""
        if self._helper is not None and self._free.acquire(blocking=False):
            with contextlib.suppress(HelperGoneError):  # then it stays taken
                found: Piece | None = self._helper.ask((raw, header))
                self._free.release()
                return found
        return piece(raw, header)


def _pieces(file: BinaryIO, header: list[str], parser: Parser) -> Iterator[Piece | None]:
    """The pieces in order, a few of them under way at a time, so that memory stays small."""
    with ThreadPoolExecutor(THREADS) as pool:
        under_way = deque[Any]()
        for raw in _whole_lines(file):
            under_way.append(pool.submit(parser.parse, raw, header))
            while len(under_way) > THREADS:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _raw(file: BinaryIO) -> Iterator[bytes]:
    while raw := file.read(PIECE_BYTES):
        yield raw


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """The file in pieces that end with a line; a quoted cell may hold a line's end."""
    for raw in _raw(file):
        whole = raw + file.readline()
        while _count(whole, b'"') % 2 and (more := file.readline()):
            whole += more
        yield whole


def _count(raw: bytes, sign: bytes) -> int:
    """How often a byte occurs; three times as quick as bytes.count()."""
    return int(np.count_nonzero(np.frombuffer(raw, dtype=np.uint8) == ord(sign)))


class Whole:
    """The columns of all pieces, filled as these come; one that no piece has anything for takes
    no memory."""

    def __init__(self, pieces: float) -> None:
        """Of about so many pieces; how many rows they have, the first one tells."""
        self._pieces, self._room, self._rows = pieces, 0, 0
        self._columns: dict[str, NDArray[Any]] = {}
        self._words: dict[str, dict[str, int]] = {name: {} for name in CODED}
        self._unique: dict[str, list[pd.Series]] = {name: [] for name in UNIQUE}

    def add(self, part: Piece) -> None:
        """Copy a piece to its place."""
        start, self._rows = self._rows, self._rows + len(part["trial"])
        if self._rows > self._room:
            self._grow()
        for name in self._columns.keys() | part.keys():
            if name in UNIQUE:
                self._unique[name].append(part[name])
                continue
            nothing = np.int32(MISSING) if name in CODED else np.float64(np.nan)
            if name not in self._columns:
                self._columns[name] = np.empty(self._room, dtype=nothing.dtype)
                self._columns[name][:start] = nothing
            cells = part.get(name, nothing)
            if name in CODED and name in part:
                words = self._words[name]
                known = [words.setdefault(str(word), len(words)) for word in cells.categories]
                cells = np.array([*known, MISSING], dtype="int32")[cells.codes]
            self._columns[name][start : self._rows] = cells

    def _grow(self) -> None:
        """Make room for rows to come. What is never written to takes no memory."""
        known = self._room or self._rows * max(1.0, self._pieces)
        self._room = max(self._rows, int(known * SPARE))
        for name, cells in self._columns.items():
            self._columns[name] = np.empty(self._room, dtype=cells.dtype)
            self._columns[name][: len(cells)] = cells

    def frame(self) -> pd.DataFrame | None:
        """All columns with their types; None where two trials have one name."""
        columns: dict[str, Any] = {}
        for column in COLUMNS:
            name, kind = column.name, column.kind
            if name == "started_at":
                columns[name] = self._joined(name, "datetime64[us, UTC]")
            elif name == "trial":
                names = self._joined(name, "object")
                if names.duplicated().any():
                    return None
                columns[name] = names.astype("string")
            elif name in CODED:
                codes = self._filled(name, np.int32(MISSING))
                words = self._words.pop(name)
                columns[name] = _flags(codes, words) if kind == "flag" else _texts(codes, words)
            else:
                columns[name] = _masked(self._filled(name, np.float64(np.nan)), kind)
        return pd.DataFrame(columns, copy=False)

    def _filled(self, name: str, nothing: np.generic) -> NDArray[Any]:
        if name in self._columns:
            return self._columns.pop(name)[: self._rows]
        return np.broadcast_to(nothing, self._rows)  # one cell stands for all

    def _joined(self, name: str, dtype: str) -> pd.Series[Any]:
        parts = self._unique.pop(name)
        return pd.concat(parts, ignore_index=True) if parts else pd.Series([], dtype=dtype)


def _masked(numbers: NDArray[np.float64], kind: str) -> Any:
    array = pd.arrays.FloatingArray if kind == "float" else pd.arrays.IntegerArray
    dtype = "float64" if kind == "float" else "int64"
    if not numbers.flags.writeable:  # nothing in any row
        nothing = np.zeros((), dtype)
        return array(
            np.broadcast_to(nothing, len(numbers)), np.broadcast_to(np.True_, len(numbers))
        )
    mask = np.isnan(numbers)
    numbers[mask] = 0
    return array(numbers.astype(dtype, copy=False), mask)


def _texts(codes: NDArray[np.int32], words: dict[str, int]) -> pd.Categorical:
    """With the categories in order, as a file read in one piece has them."""
    places = np.full(len(words) + 1, MISSING, dtype="int32")
    ordered = sorted(words)
    places[[words[word] for word in ordered]] = np.arange(len(words))
    return pd.Categorical.from_codes(places[codes], pd.Index(ordered, dtype="str"))


def _flags(codes: NDArray[np.int32], words: dict[str, int]) -> Any:
    true = np.array([word in TRUE for word in words] + [False])
    return pd.arrays.BooleanArray(true[codes], codes == MISSING)
