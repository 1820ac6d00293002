"""Beside the active connections: what the idle ones do, bad clients, a full accept queue."""
