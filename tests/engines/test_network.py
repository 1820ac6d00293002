"""Names and addresses of a machine's way out."""

from __future__ import annotations

import pytest

from tests.engines.machine import CHECKOUT
from tests.engines.network import TESTS, Link

LONGEST_DEVICE = 15


@pytest.mark.parametrize("checkout", ["00000000", "00007fff", "ffffffff", CHECKOUT])
def test_a_machine_s_network_is_one_for_tests_of_networks(checkout: str) -> None:
    link = Link(checkout)
    assert link.network.subnet_of(TESTS)
    assert len(list(link.network.hosts())) == 2
    assert len(link.device) <= LONGEST_DEVICE


def test_checkouts_have_networks_of_their_own() -> None:
    links = [Link(f"{number:08x}") for number in range(100)]
    assert len({link.network for link in links}) == len(links)
    assert len({link.device for link in links}) == len(links)
