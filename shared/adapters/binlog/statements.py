"""SQL statements in the binlog: what they mean for the tables they name.

Not a parser of SQL: a tokenizer, and the shapes of statements that a server writes to its binlog.
"""

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
_TRANSACTION = {
    "BEGIN": "begin",
    "COMMIT": "commit",
    "SAVEPOINT": "savepoint",
    "RELEASE": "savepoint",
    "END": "commit",
}
_XA = {
    "START": "xa_start",
    "BEGIN": "xa_start",
    "END": "xa_end",
    "PREPARE": "xa_prepare",
    "COMMIT": "xa_commit",
    "ROLLBACK": "xa_rollback",
}
_HARMLESS = frozenset(
    "GRANT REVOKE FLUSH ANALYZE OPTIMIZE REPAIR CHECK CHECKSUM SET USE INSTALL "
    "UNINSTALL RESET CHANGE PURGE KILL SHUTDOWN START STOP SHOW HELP "
    "LOCK UNLOCK CACHE BINLOG IMPORT CLONE RESTART BACKUP".split()
)
_NOT_COLUMNS = frozenset(
    "INDEX KEY UNIQUE PRIMARY FULLTEXT SPATIAL CONSTRAINT FOREIGN CHECK PERIOD SYSTEM PARTITION".split()  # noqa: E501
)
_GONE = frozenset(("DROP", "TRUNCATE", "EXCHANGE", "CONVERT"))


class Token(NamedTuple):
    """`text` a bare word in upper case or a character of punctuation ("" for what is quoted),
    `name` the identifier it may be.
    """

    text: str
    name: str


class Effect(NamedTuple):
    """What a statement does to one table: `gone` all rows, or those of `partitions`, without row
    events; `changed` its definition; `rewritten` values without row events; `rows` DML that is
    logged as a statement. A `database` of "" is the default one.
    """

    kind: str
    database: str
    table: str
    partitions: tuple[str, ...] = ()


class Statement(NamedTuple):
    """`verb` what it begins with; `control` what it does to the transaction ("" nothing); its
    effects on tables.
    """

    verb: str
    control: str = ""
    effects: tuple[Effect, ...] = ()


def read(sql: str) -> Statement:
    """What `sql` does. A statement of an unknown kind has the effect `rows` on every table it may
    name.
    """
    tokens = list(_tokens(sql))
    while tokens and tokens[0].text == "(":
        tokens = tokens[1:]
    if (
        len(tokens) > 2 and tokens[0].text == "SET" and tokens[1].text == "STATEMENT"
    ):  # MariaDB: SET STATEMENT name=value FOR statement
        tokens = tokens[next((i for i, token in enumerate(tokens) if token.text == "FOR"), 0) + 1 :]
    if not tokens:
        return Statement("")
    verb = tokens[0].text
    second = tokens[1].text if len(tokens) > 1 else ""
    if verb == "XA":
        return Statement(verb, _XA.get(second, ""))
    if verb == "ROLLBACK":
        return Statement(
            verb, "rollback_to" if "TO" in (token.text for token in tokens[1:3]) else "rollback"
        )
    if verb == "START" and second == "TRANSACTION":
        return Statement(verb, "begin")
    if verb in _TRANSACTION:
        return Statement(verb, _TRANSACTION[verb])
    if verb in ("CREATE", "DROP", "ALTER", "RENAME", "TRUNCATE"):
        return Statement(verb, effects=tuple(_definition(verb, tokens)))
    if verb in _HARMLESS:
        return Statement(verb)
    return Statement(verb, effects=tuple(dict.fromkeys(_named(_targets(verb, tokens)))))


def _tokens(sql: str) -> Iterator[Token]:
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


def _definition(verb: str, tokens: list[Token]) -> Iterator[Effect]:
    """Effects of CREATE, DROP, ALTER, RENAME and TRUNCATE; those that are about no table have
    none.
    """
    words = [token.text for token in tokens]
    at = 1
    while at < len(words) and words[at] in (
        "OR",
        "REPLACE",
        "TEMPORARY",
        "ONLINE",
        "OFFLINE",
        "IGNORE",
    ):
        at += 1
    if "TEMPORARY" in words[1:at]:
        return
    if verb == "TRUNCATE":
        at += words[at : at + 1] == ["TABLE"]
        yield Effect("gone", *_name(tokens, at)[0])
        return
    if words[at : at + 1] in (["DATABASE"], ["SCHEMA"]):
        if verb == "DROP":
            yield Effect("gone", _name(tokens, _past_exists(words, at + 1))[0][1], "*")
        return
    if words[at : at + 1] not in (["TABLE"], ["TABLES"]):
        return
    at = _past_exists(words, at + 1)
    if verb == "RENAME":
        yield from _renames(tokens, at)
    elif verb == "DROP":
        while at < len(tokens):
            name, at = _name(tokens, at)
            yield Effect("gone", *name)
            if words[at : at + 1] != [","]:
                break
            at += 1
    elif verb == "CREATE":
        name, _ = _name(tokens, at)
        if "REPLACE" in words[1:at]:
            yield Effect("gone", *name)
        yield Effect("changed", *name)
    else:
        name, at = _name(tokens, at)
        yield from _alterations(name, tokens[at:])


def _past_exists(words: list[str], at: int) -> int:
    if words[at : at + 2] == ["IF", "EXISTS"]:
        return at + 2
    if words[at : at + 3] == ["IF", "NOT", "EXISTS"]:
        return at + 3
    return at


def _name(tokens: list[Token], at: int) -> tuple[tuple[str, str], int]:
    """((database or "", table), where it ends)."""
    first = tokens[at].name if at < len(tokens) else ""
    if at + 2 < len(tokens) and tokens[at + 1].text == "." and tokens[at + 2].name:
        return (first, tokens[at + 2].name), at + 3
    return ("", first), at + 1


def _renames(tokens: list[Token], at: int) -> Iterator[Effect]:
    """A table whose name is taken by another in the same statement (gh-ost, pt-osc) lives on; else
    its rows are gone from that name.
    """
    pairs: list[tuple[tuple[str, str], tuple[str, str]]] = []
    while at < len(tokens):
        old, at = _name(tokens, at)
        while (at < len(tokens) and tokens[at].text in ("WAIT", "NOWAIT")) or (
            at < len(tokens) and tokens[at].text.isdigit()
        ):
            at += 1
        if at >= len(tokens) or tokens[at].text != "TO":
            break
        new, at = _name(tokens, at + 1)
        pairs.append((old, new))
        if at >= len(tokens) or tokens[at].text != ",":
            break
        at += 1
    taken = {new for _, new in pairs}
    for old, new in pairs:
        if old not in taken:
            yield Effect("gone", *old)
        yield Effect("rewritten", *new)


def _alterations(name: tuple[str, str], tokens: list[Token]) -> Iterator[Effect]:
    yield Effect("changed", *name)
    actions = list(_actions(_past_wait(tokens)))
    for at, action in enumerate(actions):
        words = [token.text for token in action]
        if words[0] in _GONE and words[1:2] == ["PARTITION"]:
            yield from _partitions_gone(name, actions[at:])
            # an action on partitions is the last: the commas behind it stand between their names
            return
        if words[0] == "CONVERT" and words[1:2] == [
            "TABLE"
        ]:  # MariaDB: CONVERT TABLE other TO PARTITION …: the rows of the other come in
            other, _ = _name(action, 2)
            yield Effect("gone", other[0] or name[0], other[1])
            yield Effect("rewritten", *name)
        elif words[0] == "RENAME" and words[1:2] not in (["COLUMN"], ["INDEX"], ["KEY"]):
            at = 2 if words[1:2] in (["TO"], ["AS"], ["="]) else 1
            new, _ = _name(action, at)
            yield Effect("gone", *name)
            yield Effect("rewritten", new[0] or name[0], new[1])
        elif _rewrites(words):
            yield Effect("rewritten", *name)


def _partitions_gone(name: tuple[str, str], actions: list[list[Token]]) -> Iterator[Effect]:
    """DROP, TRUNCATE, EXCHANGE and (MariaDB) CONVERT PARTITION: rows leave without row events, or
    change places with those of another table.
    """
    words = [token.text for token in actions[0]]
    first = _past_exists(words, 2)
    names = tuple(
        part[0].name for part in [actions[0][first:], *actions[1:]] if part and part[0].name
    )
    if words[0] == "TRUNCATE" and words[first : first + 1] == ["ALL"]:
        yield Effect("gone", *name)
    else:
        yield Effect("gone", *name, names or ("?",))  # never the whole table for want of a name
    if words[0] in ("EXCHANGE", "CONVERT"):
        other, _ = _name(
            actions[0], first + (3 if words[first + 2 : first + 3] == ["TABLE"] else 2)
        )
        if words[0] == "EXCHANGE":
            yield Effect("gone", other[0] or name[0], other[1])
            yield Effect("rewritten", *name)
        yield Effect("rewritten", other[0] or name[0], other[1])


def _past_wait(tokens: list[Token]) -> list[Token]:
    """MariaDB: ALTER TABLE name WAIT n | NOWAIT …"""
    if tokens and tokens[0].text == "NOWAIT":
        return tokens[1:]
    return tokens[2:] if tokens and tokens[0].text == "WAIT" else tokens


def _actions(tokens: list[Token]) -> Iterator[list[Token]]:
    """The parts of ALTER TABLE between commas that stand in no brackets."""
    depth, part = 0, list[Token]()
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and not depth:
            if part:
                yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def _rewrites(words: list[str]) -> bool:
    """Whether an action of ALTER TABLE changes what rows hold, or under which name."""
    verb, rest = words[0], [word for word in words[1:] if word != "COLUMN"]
    if verb in ("MODIFY", "CHANGE", "CONVERT", "IMPORT", "DISCARD"):
        return True
    if verb == "RENAME":
        return words[1:2] == ["COLUMN"]
    if verb == "DROP":
        return bool(rest) and rest[0] not in _NOT_COLUMNS
    if verb == "ADD" and rest and rest[0] not in _NOT_COLUMNS:
        text = " ".join(rest)
        return (
            "NOT NULL" in text
            or "GENERATED" in rest
            or "AS" in rest
            or ("DEFAULT" in rest and "DEFAULT NULL" not in text)
            or "AUTO_INCREMENT" in rest
            or "SERIAL" in rest
            or (
                "TIMESTAMP" in rest and "NULL" not in rest
            )  # explicit_defaults_for_timestamp may be off
        )
    return False


def _targets(verb: str, tokens: list[Token]) -> list[Token]:
    """The part of a DML statement that names the tables it changes; all of it for statements whose
    effects hide in routines.
    """
    words = [token.text for token in tokens]
    if verb in ("INSERT", "REPLACE"):
        at = 1
        while at < len(words) and words[at] in (
            "LOW_PRIORITY",
            "DELAYED",
            "HIGH_PRIORITY",
            "IGNORE",
            "INTO",
        ):
            at += 1
        return tokens[at : _name(tokens, at)[1]]
    if verb == "UPDATE" and "SET" in words:
        return tokens[1 : words.index("SET")]
    if verb == "LOAD" and "INTO" in words:
        at = words.index("INTO") + 2
        return tokens[at : _name(tokens, at)[1]]
    if verb == "DELETE" and "WHERE" in words:
        return tokens[1 : words.index("WHERE")]
    return tokens[1:]


_DML_WORDS = frozenset(
    "LOW_PRIORITY IGNORE QUICK FROM USING JOIN INNER LEFT RIGHT OUTER CROSS ON AS "
    "WHERE ORDER BY LIMIT".split()
)


def _named(tokens: list[Token]) -> Iterator[Effect]:
    """Every pair of identifiers that may name a table."""
    for i, token in enumerate(tokens):
        if not token.name or token.text in _DML_WORDS:
            continue
        if i + 2 < len(tokens) and tokens[i + 1].text == "." and tokens[i + 2].name:
            yield Effect("rows", token.name, tokens[i + 2].name)
        elif not (i and tokens[i - 1].text == "."):
            yield Effect("rows", "", token.name)
