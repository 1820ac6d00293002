"""The kinds of load, each an engine of its own."""
