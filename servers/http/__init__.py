"""HTTP/1.x without input or output: framing, requests, responses, routes."""
