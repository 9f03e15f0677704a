"""Gap: half of the time of a PublishBatch goes into decoding the percent signs of its form.

Python's decoder takes a step for each; the bodies are JSON, so they are full of them. Quoted-
printable is the same notation behind another sign, and its decoder is written in C. Shown by
test_topics.py::test_a_form_is_decoded_as_by_the_standard_library.
"""

import binascii
from typing import Any
from urllib import parse

from local.emulator.patch import Function, around

_OTHER = (b"=", b"%\r", b"%\n")
"""What means something in quoted-printable, and here stands for itself."""


@around(parse, "unquote_to_bytes")
def decode(original: Function, text: Any) -> Any:
    """The bytes of a percent-encoded text."""
    if not text or not isinstance(text, str | bytes):
        return original(text)
    encoded = text.encode() if isinstance(text, str) else text
    if any(sign in encoded for sign in _OTHER):
        return original(encoded)
    decoded = binascii.a2b_qp(encoded.replace(b"%", b"="))
    whole = len(decoded) == len(encoded) - 2 * encoded.count(b"%")
    return decoded if whole else original(encoded)  # a percent sign without its two digits
