"""Compression: a message body as base64 of a zstd frame, since queues carry only text.

The first bytes distinguish it from JSON. Source: RFC 8878, 3.1.1 (magic number); SQS API reference,
SendMessage (characters of a body).
"""

import sys
from base64 import b64decode, b64encode

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["MARK", "compressed", "expanded", "zstd"]

LEVEL = 1
"""Of zstd: changes become a tenth larger than at its default level, in half the time."""

MARK = b"KLUv/"
"""What zstd's magic number is in base64: no JSON begins like that."""

MAX_BYTES = 16 << 20
"""No message is nearly as large; what claims to be must not fill the memory."""


def compressed(body: bytes) -> bytes:
    """`body` as base64 of zstd: the same bytes for the same body and version of zstd."""
    return b64encode(zstd.compress(body, level=LEVEL))


def expanded(text: bytes) -> bytes:
    """The body from the output of `compressed`; any other text is returned unchanged.

    Raises ValueError for a damaged frame.
    """
    if not text.startswith(MARK):
        return text
    try:
        reader = zstd.ZstdDecompressor()
        body = reader.decompress(b64decode(text, validate=True), MAX_BYTES)
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from None
    if not reader.eof or reader.unused_data:
        raise ValueError("compressed data: length")
    return body
