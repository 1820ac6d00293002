"""The Locust master: its form, its API, one load on several workers."""
