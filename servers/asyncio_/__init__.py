"""Servers on an event loop that somebody else wrote, and coroutines."""
