"""Several threads or processes that serve one port."""
