"""Servers that others wrote, and servers with everyday habits, through every kind of load."""
