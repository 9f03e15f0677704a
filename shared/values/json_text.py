"""JSON text that SQS and SNS accept, whatever characters a row has.

Source of the characters that a message may hold: SQS API reference, SendMessage, "MessageBody":
#x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF. What they leave out is written
as a JSON escape: control characters, as JSON demands, and U+FFFE, U+FFFF and lone surrogates.
"""

import json
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_LEFT_OUT = ((b"\xef\xbf\xbe", rb"\ufffe"), (b"\xef\xbf\xbf", rb"\uffff"))


def encode_json(value: Any) -> bytes:
    """The value as JSON text in UTF-8, each character one that a message may hold."""
    try:
        text = _encoder.encode(value)
    except UnicodeEncodeError:  # a lone surrogate
        plain = msgspec.to_builtins(value, enc_hook=_of_raw)
        text = json.dumps(plain, ensure_ascii=True, separators=(",", ":")).encode()
    # In UTF-8 these bytes are nothing else, and JSON has them in strings only.
    if 0xEF in text and b"\xef\xbf" in text:  # nearly all texts lack the first byte
        for character, escape in _LEFT_OUT:
            text = text.replace(character, escape)
    return text


def _of_raw(raw: msgspec.Raw) -> Any:
    """A JSON column, which may be JSON text already."""
    return json.loads(bytes(raw))


def decode_json(text: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """The value of JSON text, lone surrogates included. Raises msgspec.MsgspecError."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if b"\\u" not in text:
            raise
        try:
            plain = json.loads(text)
        except ValueError:
            raise msgspec.DecodeError("JSON is malformed") from None
        return msgspec.convert(plain, decoder.type)
