"""Thousands of hostile inputs against each variant in its container."""
