"""The commands that shape a path."""

from __future__ import annotations

from contract.settings.trial import Settings
from experiments.link.shape import NEVER_FULL, QUEUE, script


def lines_of(**settings: object) -> list[str]:
    return script(Settings(**settings), 8080).splitlines()  # type: ignore[arg-type]


def queues(lines: list[str]) -> list[str]:
    """What is below each line's rate."""
    return [line.partition(": ")[2] for line in lines if " parent 1:1" in line and "qdisc" in line]


def test_in_a_pod_it_is_the_loopback_device_with_packets_of_a_wire() -> None:
    lines = lines_of(delay_ms=25.0)
    assert lines[:3] == [
        "set -ex",
        "ip link set dev lo mtu 1500",
        "ip link set dev lo gso_max_segs 1",
    ]
    assert all(" dev lo " in line for line in lines[1:])


def test_across_a_bridge_it_is_the_device_that_leads_there_as_large_as_its_packets_are() -> None:
    lines = lines_of(delay_ms=25.0, network="bridge")
    assert not [line for line in lines if " mtu " in line]
    assert all(" dev eth0 " in line for line in lines[1:])


def test_each_direction_has_a_line_of_its_own_by_the_port_of_the_server() -> None:
    filters = [line for line in lines_of(delay_ms=1.0) if "filter" in line]
    assert filters[0].endswith("match ip sport 8080 0xffff flowid 1:11")
    assert filters[1].endswith("match ip dport 8080 0xffff flowid 1:12")


def test_delay_and_loss_are_netem_s_on_a_line_that_is_never_full() -> None:
    lines = lines_of(delay_ms=12.5, loss=0.015)
    assert queues(lines) == [f"netem limit {NEVER_FULL} delay 12.5ms loss 1.5%"] * 2


def test_a_thin_line_needs_no_netem() -> None:
    lines = lines_of(rate_mbit=0.5)
    assert queues(lines) == [f"pfifo limit {QUEUE}"] * 2
    assert sum("htb rate 0.5mbit " in line for line in lines) == 2


def test_what_is_on_its_way_does_not_take_the_room_of_what_waits() -> None:
    """100 Mbit/s for 25 ms are 312,500 bytes: 4,735 packets of 66."""
    (queue, _) = queues(lines_of(rate_mbit=100.0, delay_ms=25.0))
    assert queue == f"netem limit {QUEUE + 4_735} delay 25ms"
