"""Whose a server under test is."""

LAB, REFERENCE, FOREIGN = ORIGINS = ("lab", "reference", "foreign")
REFERENCE_SERVERS = (
    *("nginx", "gunicorn_sync", "gunicorn_gthread", "gunicorn_gevent", "uvicorn", "granian"),
)
"""Servers of others that the lab builds, as points of reference; no other may have such a name."""
