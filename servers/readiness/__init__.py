"""The event loops of select, poll and epoll."""
