"""The hashes in names stay what they were: what is in an engine is found by them."""

from __future__ import annotations

from pathlib import Path

from experiments.hashes import DIGITS, file_hash, short_hash

OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of `abc` (FIPS 180-2, appendix B.1)."""


def test_a_short_one_is_the_begin_of_the_whole() -> None:
    assert short_hash("abc") == OF_ABC[:DIGITS]


def test_where_one_text_ends_and_the_next_begins_tells() -> None:
    assert len({short_hash("ab", "c"), short_hash("a", "bc"), short_hash("abc")}) == 3


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert file_hash(path) == OF_ABC
