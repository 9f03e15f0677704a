"""SQL text as tokens, read byte by byte as the servers do.

Source: MySQL sql/sql_lex.cc, `lex_one_token` and `get_text`; the character classes are those of
share/charsets/*.xml of both servers.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from shared.adapters.binlog.statements.dialect import UTF8, Dialect

_PAIRS = {
    "big5": rb"[\xa1-\xf9][\x40-\x7e\xa1-\xfe]",
    "cp932": rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]",
    "gb18030": rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]",
    "gbk": rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]",
    "sjis": rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]",
}
"""Characters of two bytes, in the sets whose second byte may be a quote or a backslash."""

_SPACES = {
    **dict.fromkeys(("cp852", "cp866", "keybcs2"), b"\xff"),
    **dict.fromkeys(
        ("armscii8", "cp1250", "dec8", "geostd8", "greek", "hebrew", "latin1"), b"\xa0"
    ),
    **dict.fromkeys(("latin2", "latin5", "latin7"), b"\xa0"),
}
"""The byte beyond ASCII that is a space."""

_LETTERS = {"swe7": rb"@\[\]^{|}~"}
"""What ASCII has as punctuation and the character set as letters."""


_LONGEST_STRING = 64


class Token(NamedTuple):
    """One token.

    `text`: a bare word in upper case or a punctuation character, "" for a quoted token. `name`: the
    identifier that it may be. `string`: the content of a short string of ASCII.
    """

    text: str
    name: str
    string: str = ""


def tokenize(sql: bytes, dialect: Dialect = UTF8) -> Iterator[Token]:
    """The tokens of a statement. Comments count only where the server runs them."""
    decode = dialect.decode
    for match in _pattern(dialect._replace(decode=_unread)).finditer(sql):
        match match.lastgroup:
            case "word":
                word = match[0]
                name = word.decode() if word.isascii() else decode(word)
                yield Token(name.upper() if word.isascii() else "", name)
            case "quoted":
                yield Token("", decode(match["quoted"].replace(b"``", b"`")))
            case "ansi":
                yield Token("", decode(match["ansi"].replace(b'""', b'"')))
            case "bracketed":
                yield Token("", decode(match["bracketed"].replace(b"]]", b"]")))
            case "string":
                text = match[0][1:-1]
                short = len(text) <= _LONGEST_STRING and text.isascii()
                yield Token("", "", text.decode() if short else "")
            case "other":
                yield Token(chr(match["other"][0]), "")


def _unread(data: bytes) -> str:
    """No decoder: what a pattern is remembered by must not hold one."""
    raise NotImplementedError


@lru_cache(64)
def _pattern(dialect: Dialect) -> re.Pattern[bytes]:
    pair = _PAIRS.get(dialect.charset)
    one = pair + rb"|" if pair else b""
    space = rb"\x09-\x0d\x20" + _SPACES.get(dialect.charset, b"")
    beyond = rb"\x80-\x9f\xa1-\xfe" + (b"" if space[-1] == 0xFF else b"\xff")
    beyond += b"" if space[-1] == 0xA0 else b"\xa0"
    letters = rb"A-Za-z0-9_$" + beyond + _LETTERS.get(dialect.charset, b"")
    runs = rb"M?!" if dialect.mariadb else rb"!"
    escape = rb"\\.|" if dialect.backslash_escapes else b""
    parts = [
        rb"(?P<space>[" + space + rb"]++|\#[^\n]*+|--(?=[\x00-\x20\x7f]|\Z)[^\n]*+"
        rb"|/\*(?!" + runs + rb").*?\*/)",
        rb"(?P<executable>/\*" + runs + rb"[0-9]{0,6}|\*/)",
        rb"`(?P<quoted>(?:" + one + rb"``|[^`])*+)`",
    ]
    strings = [rb"'(?:" + one + escape + rb"''|[^'])*+'"]
    if dialect.ansi_quotes:
        parts.append(rb'"(?P<ansi>(?:' + one + rb'""|[^"])*+)"')
    else:
        strings.append(rb'"(?:' + one + escape + rb'""|[^"])*+"')
    if dialect.brackets:
        parts.append(rb"\[(?P<bracketed>(?:" + one + rb"\]\]|[^\]])*+)\]")
    parts += [
        rb"(?P<string>" + rb"|".join(strings) + rb")",
        rb"(?P<word>(?:" + one + rb"[" + letters + rb"])++)",
        rb"(?P<other>.)",
    ]
    return re.compile(rb"|".join(parts), re.DOTALL)
