"""Steps of a Dockerfile that the store writes."""

from __future__ import annotations

from experiments.images.store import label_step


def test_labels_are_one_step() -> None:
    assert label_step({"a": "1", "b.c": "two"}) == 'LABEL "a"="1" "b.c"="two"'
