"""A key is named where the log shows that it may help, and for its nearest neighbour it is not."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.plan.container_keys import ContainerKeys
from experiments.records.container_hints import key_that_may_help

EROFS = "OSError: [Errno 30] Read-only file system: '/var/lib/shop/cart.db'"
NGINX = 'nginx: [emerg] mkdir() "/var/cache/nginx/x" failed (30: Read-only file system)'
NODE = "Error: EROFS: read-only file system, mkdir '/app/cache'"
DENIED = "PermissionError: [Errno 13] Permission denied: '/srv/shop/secret.key'"
NOEXEC = "sh: 1: /tmp/tool: Permission denied"
LIBRARY = "ImportError: /tmp/x.so: failed to map segment from shared object"
CHOWN = 'nginx: [emerg] chown("/var/x", 33) failed (1: Operation not permitted)'
PYTHON = """  File "/srv/app.py", line 25, in descends
    os.chown("/run/shop", 33, 33)
    ~~~~~~~~^^^^^^^^^^^^^^^^^^^^^
PermissionError: [Errno 1] Operation not permitted: '/run/shop'"""
SETUID = "setuid(33): Operation not permitted"
FILE_CAPABILITIES = "exec /usr/bin/caddy: operation not permitted"
FORMAT = "exec /start.sh: exec format error"


def hint(said: str, told: str | None = None, **keys: Any) -> str:
    container = ContainerKeys.model_validate({"image": "a", **keys})
    return key_that_may_help(said, container, said if told is None else told)


@pytest.mark.parametrize(
    ("said", "keys", "named"),
    [
        (EROFS, {}, "`writable: [/var/lib/shop]`"),
        (NGINX, {}, "`writable: [/var/cache/nginx]`"),
        (NODE, {}, "`writable: [/app]`"),
        ("open x.db: read-only file system", {}, "`writable` may help"),
        (EROFS, {"files": {"a": "/var/lib/shop/cart.db"}}, "`files` are read only"),
        (DENIED, {}, "`user: image`"),
        (NOEXEC, {}, "`writable: [/tmp]`"),
        (LIBRARY, {}, "`writable: [/tmp]`"),
        (f"{LIBRARY}: Operation not permitted", {}, "`writable: [/tmp]`"),
        (CHOWN, {}, "`user: image` and `capabilities: [CHOWN]`"),
        (CHOWN, {"user": "image"}, "such capability: `capabilities: [CHOWN]`"),
        (SETUID, {"user": "0", "capabilities": ["CHOWN"]}, "`capabilities: [SETUID]`"),
        (PYTHON, {"user": "0"}, "such capability: `capabilities: [CHOWN]`"),
        ("setgroups failed: EPERM", {"user": "0"}, "`capabilities: [SETGID]`"),
        (FILE_CAPABILITIES, {}, "`getcap` shows them"),
        (FORMAT, {}, "`entrypoint: [sh, PATH]`"),
        (FORMAT, {"entrypoint": ["/start.sh"]}, "another processor"),
    ],
)
def test_key_is_named(said: str, keys: dict[str, Any], named: str) -> None:
    assert named in hint(said, **keys)


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        (EROFS, {"writable": "all"}),
        (DENIED, {"user": "image"}),
        (NOEXEC, {"writable": ["/tmp"]}),  # noqa: S108
        (LIBRARY, {"writable": "all"}),
        (SETUID, {"user": "0", "capabilities": ["SETUID"]}),
        (FILE_CAPABILITIES, {"capabilities": ["NET_BIND_SERVICE"]}),
        ("ioctl: Operation not permitted", {}),
        ("chown was done\na\nb\nc\nioctl: Operation not permitted", {}),
        ("the file system is read only by design", {}),
        ("OSError: [Errno 98] Address already in use", {}),
        ("", {}),
    ],
)
def test_no_key_is_named_that_is_given_or_that_nothing_shows(
    said: str, keys: dict[str, Any]
) -> None:
    assert hint(said, **keys) == ""


def test_line_that_shows_it_is_told_where_the_reason_does_not_have_it() -> None:
    said = "\n".join([EROFS, *(f"  at frame {number}" for number in range(9)), "Node.js v20"])
    assert hint(said, told="Node.js v20").startswith(f"its log has {EROFS!r}: its file system")
    assert hint(said, told=f"ended with exit code 1 {EROFS}").startswith("its file system")


def test_what_was_said_long_before_shows_nothing() -> None:
    assert hint("\n".join([EROFS, *["GET / 200"] * 30])) == ""
