"""The event loop of completions: io_uring's queues, buffers and connections."""
