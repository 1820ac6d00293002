"""The compose file is in step with the folder of variants, and safe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

import experiments.probe
import loadgen.options
import loadgen.questions
from experiments.containers import PROBE, PROBE_PORT, SERVER_PORT
from experiments.load import servers

COMPOSE: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "docker-compose.yml").read_text()
)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HELPERS = {"master", "worker"}


def probe(name: str) -> str:
    return f"{name}_probe"


def test_every_variant_has_a_service() -> None:
    missing = set(servers()) - set(SERVICES)
    lines = "".join(
        f"  {name}:\n    <<: *server\n    command: [python3, -m, servers, {name}]\n"
        f"  {probe(name)}:\n    <<: *probe\n    network_mode: service:{name}\n"
        f"    pid: service:{name}\n"
        for name in sorted(missing)
    )
    assert not missing, f"add to docker-compose.yml, under services:\n{lines}"
    surplus = set(SERVICES) - set(servers()) - {probe(name) for name in servers()} - HELPERS
    assert not surplus, f"no such variant, remove from docker-compose.yml: {surplus}"


def test_every_server_has_a_probe_beside_it() -> None:
    for name in servers():
        beside = SERVICES[probe(name)]
        assert beside["pid"] == beside["network_mode"] == f"service:{name}"
        assert beside["command"] == [*PROBE, str(SERVER_PORT)]
        assert beside["labels"]["c10k-lab.role"] == "probe"


def test_all_agree_where_the_probe_is() -> None:
    assert loadgen.questions.PROBE_PORT == PROBE_PORT == experiments.probe.PORT
    assert loadgen.options.PORT == SERVER_PORT


def test_the_form_offers_every_variant() -> None:
    for helper in HELPERS:
        offered = SERVICES[helper]["environment"]["C10K_SERVERS"].split()
        assert set(offered) == set(servers())


def test_every_container_is_confined() -> None:
    for name, service in SERVICES.items():
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "volumes" not in service, name
        assert service["labels"]["c10k-lab"] == "1", name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
