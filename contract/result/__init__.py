"""A trial's result, from the load worker to the disk and back: its types and their one document.

Containers import it: the standard library only.
"""
