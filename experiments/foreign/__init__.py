"""Servers of others: the references, and the images of all that an experiment names."""
