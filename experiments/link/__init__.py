"""The path between load and server, made slow, lossy or thin by the kernel's own means."""
