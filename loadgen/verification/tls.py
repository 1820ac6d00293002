"""Whether a server that answers nothing in plain HTTP speaks TLS: many just end the connection."""

from __future__ import annotations

import socket
import ssl

TIMEOUT_S = 2.0
ALERT = "ALERT"
"""In the reason of OpenSSL for a handshake that the other end declined, as TLS has it."""


def speaks_tls(address: tuple[str, int]) -> bool:
    """Whether it answers a handshake, by one or by an alert. Its certificate is not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(address, timeout=TIMEOUT_S) as sock,
            context.wrap_socket(sock),
        ):
            return True
    except ssl.SSLError as error:
        return ALERT in (error.reason or "")
    except OSError:
        return False
