"""An engine and a Compose that `make ui` meets, without Docker."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from experiments import by_hand
from experiments.docker.compose import Compose, ComposeError
from experiments.docker.driver import ContainerState

SERVICES = "epoll_level epoll_level_probe io_uring io_uring_probe my_app master worker"
FORBIDDEN = "io_uring cannot be used here (Operation not permitted): it is forbidden"
LISTENING = '{"event": "listening", "port": 8080}'
CANNOT_JOIN = "cannot join the namespace of a container that has ended"


@dataclass
class Engine:
    """Containers by service. What a service does when it is started is in `does`: `listens`,
    `hangs`, or what it says before it ends.
    """

    does: dict[str, str] = field(default_factory=dict)
    up: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> Engine:
        return self

    def guard(self, _doing: str) -> nullcontext[None]:
        return nullcontext()

    def containers(self, **_filters: Any) -> list[dict[str, Any]]:
        return [
            {"Id": name, "Names": [f"/{name}"], "Labels": {by_hand.LABEL_SERVICE: name}}
            for name in self.up
        ]

    def start(self, service: str) -> None:
        self.up[service] = self.does.get(service, "listens")

    def ended(self, service: str) -> bool:
        return self.up[service] not in ("listens", "hangs")

    def state(self, container: str) -> ContainerState:
        ended = self.ended(container)
        return ContainerState(running=not ended, exit_code=3 if ended else None, oom_killed=False)

    def logs(self, container: str) -> str:
        does = self.up[container]
        return {"listens": LISTENING, "hangs": ""}.get(does, f"{LISTENING}\n{does}\n")


class OfAnEngine(Compose):
    """Compose as far as `ByHand` asks it. `refused` are the variants that cannot run in the
    container of a service, with reasons.
    """

    def __init__(self, engine: Engine, refused: dict[str, dict[str, str]]) -> None:
        self.variables = {}
        self.asked: list[tuple[str, ...]] = []
        self.fails: dict[str, str] = {}
        self._engine, self._refused = engine, refused

    def run(self, *arguments: str, overridden: bool = True) -> str:
        del overridden
        self.asked.append(arguments)
        command, *words = arguments
        if command in self.fails:
            raise ComposeError(self.fails[command])
        if command == "config":
            return "\n".join(SERVICES.split())
        if command == "run":
            reasons = {"epoll_level": "", "io_uring": ""} | self._refused.get(words[3], {})
            return f"some noise\n{json.dumps(reasons)}\n"
        if command == "up":
            self._up([word for word in words if word in SERVICES.split()])
        elif command == "rm":
            for service in words[2:]:
                self._engine.up.pop(service, None)
        elif command == "down":
            self._engine.up.clear()
        return ""

    def _up(self, services: list[str]) -> None:
        for service in services:
            beside = service.removesuffix("_probe")
            if beside != service and self._engine.ended(beside):
                raise ComposeError(CANNOT_JOIN)
            self._engine.start(service)
