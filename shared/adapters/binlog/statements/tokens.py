"""SQL text as tokens."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*|--(?=\s|$)[^\n]*|/\*(?!!|M!).*?\*/)
  | (?P<executable>/\*M?!\d*|\*/)             # what stands in an executable comment counts
  | `(?P<quoted>(?:[^`]|``)*)`
  | (?P<string>'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*")
  | (?P<word>[\w$]+)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MOST_TOKENS = 20_000


class Token(NamedTuple):
    """`text` a bare word in upper case or a character of punctuation ("" for what is quoted),
    `name` the identifier it may be.
    """

    text: str
    name: str


def tokenize(sql: str) -> Iterator[Token]:
    """The tokens of a statement, as far as they matter: not more than the first 20,000."""
    count = 0
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup
        if kind == "quoted":
            yield Token("", match[kind].replace("``", "`"))
        elif kind == "string":
            # under ANSI_QUOTES a double-quoted text is an identifier
            text = match[kind]
            yield Token("", text[1:-1].replace('""', '"') if text[0] == '"' else "")
        elif kind == "word":
            yield Token(match[kind].upper(), match[kind])
        elif kind == "other":
            yield Token(match[kind], "")
        else:
            continue
        count += 1
        if count >= _MOST_TOKENS:
            return
