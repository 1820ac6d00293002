"""Connections served by blocking calls, in a thread or process of their own or one by one."""
