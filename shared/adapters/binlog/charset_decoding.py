"""Charset decoding: text as the server stores it.

From a column's character set to Python's strings, exactly as the server itself converts.
"""

import codecs
import contextlib
import re
from collections.abc import Callable

from shared.values.errors import SourceError

UTF8 = "utf-8"
BINARY = "binary"
_UNICODE = {
    "utf8mb4": UTF8,
    "utf8mb3": UTF8,
    "utf8": UTF8,
    "ascii": UTF8,
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
}
_SEVERAL_BYTES = {
    "big5": "big5",
    "cp932": "cp932",
    "eucjpms": "euc_jp",
    "euckr": "cp949",
    "gb18030": "gb18030",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "sjis": "shift_jis",
    "ujis": "euc_jp",
}
"""Character sets of several bytes a character, and Python's nearest codec. Where it fails
(characters of users and vendors), the server is asked.
"""

_MOST_BYTES = {
    **dict.fromkeys(("utf8mb4", "utf16", "utf16le", "utf32", "gb18030"), 4),
    **dict.fromkeys(("utf8mb3", "utf8", "ujis", "eucjpms"), 3),
    **dict.fromkeys(("ucs2", "big5", "cp932", "euckr", "gb2312", "gbk", "sjis"), 2),
}
"""The most bytes that a character has. Source: information_schema.CHARACTER_SETS, MAXLEN."""

_OTHERWISE = {
    "big5": dict.fromkeys(("a15a", "a1c3", "a1c5", "a1fe", "a240", "a2cc", "a2ce"), "\ufffd"),
    "eucjpms": {
        "a1c1": "～",
        "a1c2": "∥",
        "a1dd": "－",
        "a1f1": "￠",
        "a1f2": "￡",
        "a2cc": "￢",
        "8fa2b7": "～",
        "8fa2c3": "￤",
    },
    "gb18030": {"8135f437": "\ue7c7", "a8bc": "ḿ"},
    "sjis": {"815f": "\\"},
    "ujis": {"a1c0": "\\"},
}
"""Characters (their bytes in hex) that the servers read otherwise than Python's codec."""

_UNDEFINED = "\ufffe"  # what codecs.charmap_decode takes for "no such character"
Convert = Callable[[str, bytes], str]
"""Asks the server for the text of bytes in a character set; "?" replaces invalid bytes."""


class Charset:
    """One character set.

    `codec` is what bytes.decode takes where that is all there is to do, else ""; `decode`
    always works. `most_bytes` is how many bytes a character has at most.
    """

    def __init__(self, name: str, convert: Convert) -> None:
        self.name, self._convert = name, convert
        self.codec = _UNICODE.get(name, "")
        self.most_bytes = _MOST_BYTES.get(name, 1)
        self._near = _SEVERAL_BYTES.get(name, "")
        self._odd = {
            bytes.fromhex(character): text for character, text in _OTHERWISE.get(name, {}).items()
        }
        self._seems_odd = (
            re.compile(b"|".join(map(re.escape, self._odd))).search if self._odd else None
        )
        self._characters = ""
        if not self.codec and not self._near and name != BINARY:
            # one byte a character. MySQL's latin1 is neither ISO 8859-1 nor Python's cp1252, and
            # six others are unknown to Python
            characters = convert(name, bytes(range(256)))
            self._characters = "".join(
                _UNDEFINED if each == "?" and i != ord("?") else each
                for i, each in enumerate(characters)
            )

    def decode(self, data: bytes) -> str:
        """`data` as text. Raises UnicodeDecodeError for what is not valid in this character set."""
        if self._characters:
            return codecs.charmap_decode(data, "strict", self._characters)[0]
        if self.codec:
            return data.decode(self.codec)
        try:
            text = data.decode(self._near)
        except UnicodeDecodeError:
            return self._character_by_character(data)
        return (
            self._character_by_character(data)
            if self._seems_odd and self._seems_odd(data)
            else text
        )

    def _character_by_character(self, data: bytes) -> str:
        """`data` with characters that Python's codec does not know, or reads otherwise."""
        parts: list[str] = []
        at = 0
        while at < len(data):
            text, length = self._character(data[at : at + 4])
            parts.append(text)
            at += length
        return "".join(parts)

    def _character(self, data: bytes) -> tuple[str, int]:
        """(the first character of `data`, its length in bytes)."""
        for length in range(1, len(data) + 1):
            if data[:length] in self._odd:
                return self._odd[data[:length]], length
            with contextlib.suppress(UnicodeDecodeError):
                return data[:length].decode(self._near), length
        character = data[: 3 if self._near == "euc_jp" and data[0] == 0x8F else 2]
        text = self._convert(self.name, character)
        if len(text) != 1 or text == "?":
            raise UnicodeDecodeError(self.name, b"", 0, 1, "no such character")
        self._odd[character] = text
        return text, len(character)


class Charsets:
    """The character sets of one server: `collations` maps collation id → character set."""

    def __init__(self, collations: dict[int, str], convert: Convert) -> None:
        self._collations, self._convert = collations, convert
        self._known: dict[str, Charset] = {}

    def of_collation(self, collation: int) -> Charset:
        """The charset of a collation. Raises SourceError for one that the server does not list."""
        name = self._collations.get(collation)
        if name is None:
            raise SourceError(
                f"collation {collation} is not among the server's collations.",
                thing="binlog",
                hint="Report it with the server's version.",
            )
        if name not in self._known:
            self._known[name] = Charset(name, self._convert)
        return self._known[name]
