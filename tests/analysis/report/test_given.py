"""What a foreign server was given stands in the report, and nothing where it was confined."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.report.given import given, needed

IDS = {"image": "db:1", "id": "sha256:0123456789abcdef"}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({}, ""),
        ({"writable": [], "capabilities": [], "user": None, "files": {}}, ""),
        (
            {"writable": ["/var/x", "/opt/y"], "user": "image", "capabilities": ["CHOWN"]},
            "given: writable /var/x, /opt/y; user of the image; capability CHOWN",
        ),
        (
            {"writable": ["/"], "user": "7", "capabilities": ["CHOWN", "SETUID"], "memory": "8m"},
            "given: the whole file system writable; user 7; capabilities CHOWN, SETUID; "
            "8m of memory",
        ),
        (
            {"files": {"a.conf": "/etc/a.conf"}, "entrypoint": ["sh", "-c"]},
            "given: files /etc/a.conf; entry point sh -c",
        ),
        ({"entrypoint": []}, "given: entry point none"),
    ],
)
def test_what_was_loosened_is_told(entry: dict[str, Any], told: str) -> None:
    assert given(entry) == told


def test_what_stood_beside_it_is_told_with_the_core_that_it_shared() -> None:
    entry = {"needs": {"db": IDS, "cache": {**IDS, "writable": ["/data"]}}}
    told = "beside it: db from db:1 (0123456789ab); cache from db:1 (0123456789ab), given: "
    assert needed(entry, 4) == f"{told}writable /data"
    assert needed(entry, 2) == f"{told}writable /data, on the load's core"
    assert needed({}, 2) == ""
