"""The connection engine: many connections, one native thread, one epoll."""
