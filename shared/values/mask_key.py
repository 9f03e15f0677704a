"""The key of mask `hash`: how long it must be, and how to tell one from another."""

from hashlib import blake2b

LEAST_LENGTH = 32
"""Characters. A shorter key can be found by trying keys on a value that somebody knows."""


def mask_key_fingerprint(key: bytes) -> str:
    """A text that changes with the key and does not show it; empty for no key."""
    return blake2b(key, digest_size=8, person=b"rowline.maskkey").hexdigest() if key else ""
