"""Where the cells of a `trials.csv` stand, and their bytes, eight at a time.

One pass finds every separator of a piece, so each column is two arrays of places, and numpy
works on all rows of a column at once. Of a million rows that takes half of the processor time of
pandas' parser, which goes from cell to cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from pandas.api.extensions import take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Signs = NDArray[np.uint8]
    Places = NDArray[np.int32]
    Words = NDArray[np.uint64]

WORD = 8
ROOM = 2 * WORD
"""Bytes before a piece, so that a word that ends with its first cell may begin there."""
MOST = 8 * WORD
"""Bytes of a text that are read as words, and after a piece; longer ones are seldom many."""
QUOTE, COMMA, END = b'",\n'
PART = 2**17
"""Bytes that are searched at a time, so that what is known of them stays in a cache."""
LINES = 64
"""Lines that are turned into columns at a time, so that all their places stay in a cache."""


class Cells(NamedTuple):
    """The cells of one column: where each begins and ends in `data`, how long the shortest and
    the longest of them are, and their words, the first byte of eight in the lowest place.

    They are as many as the longest needs, the last two of a number, the first of a text up to
    MOST bytes; with what else stands before or after it.
    """

    data: bytes
    starts: Places
    ends: Places
    shortest: int
    longest: int
    words: list[Words]

    def at(self, rows: NDArray[np.intp]) -> Cells:
        """Some of them, at least one."""
        starts, ends = self.starts[rows], self.ends[rows]
        lengths = ends - starts
        words = [word[rows] for word in self.words]
        return Cells(self.data, starts, ends, int(lengths.min()), int(lengths.max()), words)


def columns(raw: bytes, numeric: Sequence[bool]) -> list[Cells] | None:
    """The columns of whole lines, of numbers or texts; None where a record has not that many
    cells, or a quote stands alone in one."""
    data = b"".join((bytes(ROOM), raw, bytes(MOST)))
    signs = np.frombuffer(data, dtype=np.uint8)
    by_column = _separators(signs, len(numeric))
    if by_column is None:
        return None
    view = as_strided(signs[:WORD].view("i8"), (len(signs) - WORD + 1,), (1,))
    found = []
    before = np.concatenate([[np.int32(ROOM - 1)], by_column[-1, :-1]])
    for after, number in zip(by_column, numeric, strict=True):
        starts = before + np.int32(1)
        lengths = after - starts
        shortest, longest = int(lengths.min()), int(lengths.max())
        many = -(-min(longest, 2 * WORD if number else MOST) // WORD)
        words = _words(view, after - np.int32(WORD * many) if number else starts, many)
        found.append(Cells(data, starts, after, shortest, longest, words))
        before = after
    return found


def _separators(signs: Signs, width: int) -> Places | None:
    """Where each cell ends, by column; None where a record has not that many, or a quote stands
    alone in a cell."""
    places, quotes = _places(signs, COMMA, END), _places(signs, QUOTE)
    lines = np.count_nonzero(signs == END)
    if len(quotes):
        if not _are_pairs(signs, quotes):
            return None
        inside = _between(places, quotes)
        lines -= np.count_nonzero(signs[places[inside]] == END)
        places = np.delete(places, inside)
    # Every so many separators one must be a line's end, and no other.
    if len(places) != lines * width:
        return None
    by_column = _turned(places.reshape(lines, width))
    return by_column if (signs[by_column[-1]] == END).all() else None


def _places(signs: Signs, *wanted: int) -> Places:
    """Where any of these bytes stand."""
    found = []
    for start in range(0, len(signs), PART):
        part = signs[start : start + PART]
        known = part == wanted[0]
        for sign in wanted[1:]:
            known |= part == sign
        found.append(np.flatnonzero(known).astype(np.int32) + np.int32(start))
    return np.concatenate(found)


def _turned(by_line: Places) -> Places:
    """The same by column. All lines at once would take ten times as long: places in a column are
    then as far apart as lines are long, and evict each other."""
    turned = np.empty(by_line.shape[::-1], dtype=by_line.dtype)
    for start in range(0, len(by_line), LINES):
        turned[:, start : start + LINES] = by_line[start : start + LINES].T
    return turned


def _are_pairs(signs: Signs, quotes: Places) -> bool:
    """Whether odd quotes begin cells and even ones end them, but for two in a row inside one."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before, after = signs[opening - 1], signs[closing + 1]
    begins = (before == COMMA) | (before == END) | (opening == ROOM)
    begins[1:] |= closing[:-1] == opening[1:] - 1
    ends = (after == COMMA) | (after == END) | (after == QUOTE)
    return bool(begins.all() and ends.all())


def _between(places: Places, quotes: Places) -> NDArray[np.intp]:
    """Which of the places are between an odd quote and the even one after it."""
    opened, closed = (np.searchsorted(places, quotes[first::2]) for first in (0, 1))
    lengths = closed - opened
    return np.repeat(closed - np.cumsum(lengths), lengths) + np.arange(lengths.sum())


def _words(view: NDArray[np.int64], places: Places, many: int) -> list[Words]:
    """So many words from each of some places on. pandas takes them three times as quickly as
    numpy, to which they are not aligned."""
    starts = (places + np.int32(WORD * n) for n in range(many))
    taken = (np.asarray(take(view, at, allow_fill=True, fill_value=0)) for at in starts)
    return [words.view("u8") for words in taken]
