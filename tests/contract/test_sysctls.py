"""The kernel's settings by name: who judges by one asks for what the probe reads."""

from __future__ import annotations

from contract import sysctls
from contract.sysctls import READ, UNPRIVILEGED_PORTS, dotted
from experiments.records.conditions import BY_MEMORY


def test_each_name_but_what_is_only_set_is_read() -> None:
    named = {value for name, value in vars(sysctls).items() if name.isupper() and name != "READ"}
    assert named - set(READ) == {UNPRIVILEGED_PORTS}
    assert set(READ) >= BY_MEMORY
    assert len(set(READ)) == len(READ)


def test_a_name_as_the_engine_writes_it() -> None:
    assert dotted(sysctls.BRIDGE_NF) == "net.bridge.bridge-nf-call-iptables"
