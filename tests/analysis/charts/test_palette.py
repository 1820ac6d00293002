"""A server has one look in all figures, and every server of the lab has one."""

from __future__ import annotations

from analysis.charts.palette import FAMILIES, KNOWN, SPARE, family, in_order, styles
from contract.origins import REFERENCE_SERVERS
from experiments.paths import ROOT


def test_a_server_looks_the_same_everywhere() -> None:
    known = styles(["poll", "epoll_level"])
    assert known["poll"] == KNOWN["poll"]
    assert in_order(["zeta", "poll", "alpha", "select"]) == ["select", "poll", "alpha", "zeta"]
    many = styles([f"s{n}" for n in range(len(SPARE))])
    assert len(set(many.values())) == len(SPARE)
    looks = [*KNOWN.values(), *SPARE]
    assert len({style.colour for style in looks}) == len(looks)
    assert len({style.dark for style in looks}) == len(looks)
    for members in FAMILIES.values():
        assert len({style.marker for style in members.values()}) == len(members)


def test_every_server_of_the_lab_has_a_look_and_a_family() -> None:
    lab = {path.stem for path in (ROOT / "servers" / "variants").glob("[a-z]*.py")}
    different = sorted((lab | set(REFERENCE_SERVERS)) ^ set(KNOWN))
    assert not different, (
        f"not in FAMILIES of analysis/charts/palette.py, or only there: {different}"
    )
    assert family("poll") == "all connections in every wait"
    assert not family("kqueue")
