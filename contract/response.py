"""What a server of the lab answers to a request for /, as in the HOWTO's own listings."""

BODY = b"Hello, world!"
