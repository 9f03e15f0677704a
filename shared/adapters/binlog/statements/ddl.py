"""DDL: CREATE, DROP, RENAME and TRUNCATE."""

from collections.abc import Iterator, Sequence

from shared.adapters.binlog.statements.alter_table import alterations
from shared.adapters.binlog.statements.altered_columns import created_columns
from shared.adapters.binlog.statements.ddl_resync_reasons import cascade, index_due, options_due
from shared.adapters.binlog.statements.names import Names, outside, past_brackets, past_exists
from shared.adapters.binlog.statements.statement import Effect, QualifiedName
from shared.adapters.binlog.statements.tokens import Token

SELECTED = "CREATE TABLE … SELECT"
_MODIFIERS = ("OR", "REPLACE", "TEMPORARY", "ONLINE", "OFFLINE", "IGNORE")


def definition(names: Names, verb: str, tokens: list[Token]) -> Iterator[Effect]:
    """Effects of a statement with one of these verbs, or of ALTER; none where no table is meant."""
    words = [token.text for token in tokens]
    at = 1
    while at < len(words) and words[at] in _MODIFIERS:
        at += 1
    modifiers, kind = words[1:at], words[at] if at < len(words) else ""
    if verb == "TRUNCATE":
        yield Effect("gone", *names.at(tokens, at + (kind == "TABLE"))[0])
    elif "TEMPORARY" in modifiers:
        if verb == "CREATE" and kind == "TABLE":
            yield Effect("temporary", *names.at(tokens, past_exists(words, at + 1))[0])
        elif verb == "DROP":
            for name in _dropped(names, tokens, past_exists(words, at + 1)):
                yield Effect("not_temporary", *name)
    elif kind == "SEQUENCE":
        if verb == "CREATE":
            yield Effect("sequence", *names.at(tokens, past_exists(words, at + 1))[0])
    elif kind in ("DATABASE", "SCHEMA"):
        if verb == "DROP" or "REPLACE" in modifiers:
            yield Effect("gone", names.database(tokens, past_exists(words, at + 1)), "*")
    elif kind in ("TABLE", "TABLES"):
        at = past_exists(words, at + 1)
        match verb:
            case "RENAME":
                yield from _renamed(names, tokens, at)
            case "DROP":
                yield from (Effect("gone", *name) for name in _dropped(names, tokens, at))
            case "CREATE":
                yield from _created(names, tokens, at, modifiers)
            case "ALTER":
                name, at = names.at(tokens, at)
                yield from alterations(names, name, tokens[at:], ignore="IGNORE" in modifiers)
    elif verb == "DROP" and kind == "INDEX" and "ON" in words:
        on = words.index("ON")
        why = index_due(tokens, at + 1)
        if why:
            yield Effect("due", *names.at(tokens, on + 1)[0], why=why)
    elif verb == "CREATE":
        yield from _hung_on(names, tokens, words)


def _dropped(names: Names, tokens: Sequence[Token], at: int) -> Iterator[QualifiedName]:
    """The tables of DROP TABLE, from token `at` on."""
    while at < len(tokens):
        name, at = names.at(tokens, at)
        yield name
        if tokens[at : at + 1] and tokens[at].text != ",":
            return
        at += 1


def _created(
    names: Names, tokens: Sequence[Token], at: int, modifiers: Sequence[str]
) -> Iterator[Effect]:
    """CREATE TABLE, whose name begins at `at`."""
    if_not_exists = tokens[at - 1].text == "EXISTS"
    name, at = names.at(tokens, at)
    if "REPLACE" in modifiers:
        yield Effect("gone", *name)
    body = tokens[at:]
    yield Effect("changed", *name, columns=created_columns(body))
    if not if_not_exists:
        yield Effect("plain", *name)
    options = body[past_brackets(body, 0) :]
    for why in (SELECTED if _selects(body) else options_due(options), cascade(body)):
        if why:
            yield Effect("due", *name, why=why)


def _selects(body: Sequence[Token]) -> bool:
    """Whether a table is made with rows: by SELECT, VALUES or TABLE.

    Servers that log rows write the columns instead of the SELECT, and then row events.
    """
    if any(token.text == "SELECT" for token in body):
        return True
    flat = [token.text for token in outside(body)]
    first = body[1].text if len(body) > 1 and body[0].text == "(" else ""
    return "VALUES" in flat or "TABLE" in flat or first in ("VALUES", "TABLE")


def _renamed(names: Names, tokens: Sequence[Token], at: int) -> Iterator[Effect]:
    """RENAME TABLE: what is under each name when all its steps are done.

    A name that another table takes (gh-ost, pt-osc) lives on with other rows; a name that stood
    for a moment only means nothing.
    """
    before, now = (
        dict[QualifiedName, QualifiedName](),
        dict[QualifiedName, QualifiedName](),
    )  # name → whose rows are there
    while at < len(tokens):
        old, at = names.at(tokens, at)
        while at < len(tokens) and (
            tokens[at].text in ("WAIT", "NOWAIT") or tokens[at].text.isdigit()
        ):
            at += 1
        if at >= len(tokens) or tokens[at].text != "TO":
            break
        new, at = names.at(tokens, at + 1)
        if old not in now and old not in before:
            before[old] = now[old] = old
        now[new] = now.pop(old, old)
        if at >= len(tokens) or tokens[at].text != ",":
            break
        at += 1
    for name in before:
        if name not in now:
            yield Effect("gone", *name)
    for name, rows in now.items():
        if rows != name:
            yield Effect("due", *name, why="RENAME", was=rows)


def _hung_on(names: Names, tokens: Sequence[Token], words: Sequence[str]) -> Iterator[Effect]:
    """CREATE VIEW, CREATE TRIGGER: what is done to that name may change other tables."""
    if "TRIGGER" in words and "ON" in words[words.index("TRIGGER") :]:
        on = words.index("ON", words.index("TRIGGER"))
        yield Effect("opaque", *names.at(tokens, on + 1)[0])
    elif "VIEW" in words:
        at = past_exists(words, words.index("VIEW") + 1)
        yield Effect("opaque", *names.at(tokens, at)[0])
