"""Text as the server stores it: from a column's character set to Python's codecs, exactly as the server itself converts."""

import codecs
from collections.abc import Callable

from shared.values.errors import SourceError

_CODECS = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "utf8": "utf-8",
    "ascii": "utf-8",
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
    "big5": "big5hkscs",
    "cp932": "cp932",
    "eucjpms": "eucjpms",
    "euckr": "cp949",
    "gb18030": "gb18030",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "sjis": "shift_jis",
    "ujis": "euc_jp",
}
"""Character sets of more than one byte a character. The others have 256 characters, and the server is asked for them."""

BINARY = "binary"


class Charset:
    """How the text of one character set is read. `codec` is a name for bytes.decode; `table`, for sets of one byte a character, its 256 characters."""

    def __init__(self, name: str, codec: str, table: str) -> None:
        self.name, self.codec, self.table = name, codec, table

    def decode(self, data: bytes) -> str:
        """`data` as text. Raises UnicodeDecodeError for what is not valid in this character set."""
        if self.table:
            return codecs.charmap_decode(data, "strict", self.table)[0]
        return data.decode(self.codec)


class Charsets:
    """The character sets of one server.

    `collations` maps collation id → character set. `characters` asks the server for the 256 characters of a set that has one byte a
    character (U+FFFE where there is none): MySQL's latin1 is neither ISO 8859-1 nor Python's cp1252, and six others are unknown to Python.
    """

    def __init__(self, collations: dict[int, str], characters: Callable[[str], str]) -> None:
        self._collations, self._characters = collations, characters
        self._known: dict[str, Charset] = {}

    def of_collation(self, collation: int) -> Charset:
        """Raises SourceError for an id that the server does not list."""
        name = self._collations.get(collation)
        if name is None:
            raise SourceError(
                f"collation {collation} is not among the server's collations.", thing="binlog", hint="Report it with the server's version."
            )
        if name not in self._known:
            codec = _CODECS.get(name, "")
            self._known[name] = Charset(name, codec, "" if codec or name == BINARY else self._characters(name))
        return self._known[name]
