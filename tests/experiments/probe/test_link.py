"""What a kernel says of shaped paths that knows nothing of them."""

from __future__ import annotations

import errno
from typing import NoReturn

import pytest

from experiments.probe import link


def refused(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def dump(*_: object) -> NoReturn:
        raise OSError(code, "the kernel refused a dump of 38")

    monkeypatch.setattr(link, "dump", dump)


def test_a_kernel_without_queueing_disciplines_shapes_no_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused(monkeypatch, errno.EOPNOTSUPP)
    assert link.link() is None


def test_one_that_does_not_tell_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    refused(monkeypatch, errno.EPERM)
    with pytest.raises(PermissionError):
        link.link()
