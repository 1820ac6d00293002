"""The container that shapes a path, and what is said where it cannot."""

from __future__ import annotations

import pytest

from contract.settings.trial import Settings
from experiments.docker.container_options import host_settings
from experiments.docker.driver import Ended
from experiments.link.container import shaper, why_kernel_cannot, why_not_shaped
from tests.support.fakes import FakeDriver

HTB = "+ tc qdisc add dev lo root handle 1: htb\n"
NETEM = f"{HTB}+ tc qdisc add dev lo parent 1:11 handle 11: netem limit 1000000 delay 25ms\n"
FILTER = f"{HTB}+ tc filter add dev lo parent 1: protocol ip u32 match ip sport 1 0xffff\n"
NO_KIND = "Error: Specified qdisc kind is unknown.\n"


def test_it_has_one_capability_and_else_the_confinement_of_all() -> None:
    spec = shaper(Settings(delay_ms=1.0), 80, image="link:1", name="n", network="container:pod")
    given = host_settings(spec)
    assert (given["cap_drop"], given["cap_add"]) == (["ALL"], ["NET_ADMIN"])
    assert given["read_only"]
    assert given["security_opt"] == ["no-new-privileges"]
    assert (given["network_mode"], given["pid_mode"], given["mounts"]) == (
        "container:pod",
        None,
        [],
    )


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (NETEM + NO_KIND, "no sch_netem, which delay_ms and loss need (rate_mbit alone"),
        (HTB + NO_KIND, "no sch_htb, which delay_ms, loss and rate_mbit need: load it"),
        (FILTER + "Error: TC classifier not found.\n", "no cls_u32, which delay_ms, loss and rate"),
        (HTB + "RTNETLINK answers: Operation not permitted\n", "does not let a container have NET"),
    ],
)
def test_what_a_kernel_or_engine_does_not_do_is_named_with_what_to_do(
    printed: str, told: str
) -> None:
    assert told in why_not_shaped(Ended(2, printed))


def test_of_what_is_not_known_its_own_words_are_told() -> None:
    said = why_not_shaped(Ended(1, "+ ip link set dev lo mtu 1500\nCannot find device lo\n"))
    assert said == (
        "the path cannot be shaped: `ip link set dev lo mtu 1500` ended with 1: "
        "Cannot find device lo"
    )
    missing = why_not_shaped(Ended(127, "sh: 1: tc: not found\n"))
    assert missing == (
        "the path cannot be shaped: `its first command` ended with 127: sh: 1: tc: not found"
    )


class OldKernel(FakeDriver):
    """Without netem."""

    def wait(self, container: str, timeout_s: float) -> int:
        del container, timeout_s
        return 2

    def logs(self, container: str) -> str:
        del container
        return NETEM + NO_KIND


def test_a_kernel_is_tried_without_a_network_and_nothing_stays() -> None:
    driver = FakeDriver()
    asked = Settings(delay_ms=1.0, network="bridge")
    assert why_kernel_cannot(driver, "link:1", asked, "c10k-r-link") == ""
    (spec,) = driver.started
    assert spec.network == "none"
    assert " dev lo " in spec.command[-1]
    assert not driver.up


def test_what_a_kernel_cannot_is_told_and_nothing_stays() -> None:
    driver = OldKernel()
    why = why_kernel_cannot(driver, "link:1", Settings(delay_ms=1.0), "c10k-r-link")
    assert "has no sch_netem" in why
    assert not driver.up
