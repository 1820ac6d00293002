"""The texts of a column: as numbers of the few kinds that there are, or as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from analysis.csv_cells import MOST, QUOTE, WORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.csv_cells import Cells, Words

    Codes = NDArray[np.int64]

EMPTY = -1
"""The number of a cell without text."""
USED = np.array([2 ** (8 * length) - 1 for length in range(WORD + 1)], "u8")
"""The bits of so many bytes of a word, from the first on."""
FIRST = np.uint64(0xFF)
ODD, SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)
"""To mix the words of a text into one: any odd number that has no pattern does."""


class Coded(NamedTuple):
    """Texts by number, EMPTY for none; where all cells are alike, and short, one number alone."""

    codes: Codes
    texts: list[str]


def coded(cells: Cells) -> Coded:
    """The number of each cell's text, and the texts in the order in which they come."""
    rows = len(cells.starts)
    if not cells.shortest:
        held = np.flatnonzero(cells.ends > cells.starts)
        codes = np.full(rows, EMPTY)
        if len(held):
            found = coded(cells.at(held))
            codes[held] = found.codes
            return Coded(codes, found.texts)
        return Coded(codes[:1], [])
    if cells.longest > MOST:
        return _numbered(cut(cells))
    words = _words(cells)
    mixed = words[0]
    for word in words[1:]:
        mixed = mixed * ODD
        mixed = (mixed ^ (mixed >> SHIFT)) + word
    codes, kinds = pd.factorize(mixed)
    first = np.empty(len(kinds), dtype="int64")
    first[codes[::-1]] = np.arange(rows - 1, -1, -1)
    if not all((word[first][codes] == word).all() for word in words):  # two were mixed into one
        return _numbered(cut(cells))
    few = texts(cells.at(first))
    if "" in few:  # two quotes, and nothing in them
        return _numbered(cut(cells))
    return Coded(codes if len(few) > 1 else codes[:1], few)


def texts(cells: Cells) -> list[str]:
    """The text of each cell, out of its quotes."""
    if 0 < cells.longest <= MOST:
        words = np.stack(_words(cells), axis=1)
        if not (words[:, 0] & FIRST == QUOTE).any():
            read = words.view(f"S{WORD * words.shape[1]}").ravel()
            return [text.decode() for text in read.tolist()]
    return cut(cells)


def cut(cells: Cells) -> list[str]:
    """The same of any cells, one by one."""
    places = zip(cells.starts.tolist(), cells.ends.tolist(), strict=True)
    return [_unquoted(cells.data[start:end].decode()) for start, end in places]


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell[:1] == '"' else cell


def _numbered(found: list[str]) -> Coded:
    """The same of texts that have been read already."""
    codes, kinds = pd.factorize(np.array([text or None for text in found], dtype=object))
    return Coded(codes, list(kinds))


def _words(cells: Cells) -> list[Words]:
    """The bytes of texts, eight in a word, with zeros after their end."""
    lengths = cells.ends - cells.starts
    words = cells.words[: -(-cells.longest // WORD)]
    whole = cells.shortest // WORD
    for place, word in enumerate(words[whole:], start=whole):
        words[place] = word & USED[np.clip(lengths - place * WORD, 0, WORD)]
    return words
