"""Signature: proves to a receiver who sent a body, and when."""

import hashlib
import hmac

HEADER = "Rowline-Signature"
SHORTEST_KEY = 32
"""Characters."""


def signature(key: str, body: bytes, now: int) -> str:
    """The header's value: `t=SECONDS,v1=HEX`, an HMAC-SHA256 of `SECONDS.BODY`."""
    signed = f"{now}.".encode() + body
    return f"t={now},v1={hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()}"
