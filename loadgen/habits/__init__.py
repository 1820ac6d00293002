"""A small client that sees what a server does with single requests."""
