"""The real operating system interfaces, as they were before gevent patched them.

Locust monkey-patches the standard library at import: `select.epoll` disappears
and threads become greenlets. The engine wants a kernel thread and its own epoll.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gevent.monkey import get_original

if TYPE_CHECKING:
    from select import epoll as epoll
else:
    epoll = get_original("select", "epoll")

start_thread: Any = get_original("_thread", "start_new_thread")
