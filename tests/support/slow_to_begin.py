"""A locustfile whose worker takes part a second after it has joined, as on a busy machine."""

from __future__ import annotations

from typing import Any

import gevent
from locust import events

hooks: Any = events  # Locust leaves its hooks untyped
hooks.init.add_listener(lambda **_kwargs: gevent.sleep(1))
