"""Clients beside the active ones: idle, slow, vanishing, waiting in the accept queue."""
