"""What an HTTP/1 answer is, and whether it is a right one; for the engine, and before a load."""
