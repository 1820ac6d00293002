"""Engines of several machines: the file that names them, the way to each, and what it finds."""
