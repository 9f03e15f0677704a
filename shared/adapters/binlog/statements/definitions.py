"""CREATE, DROP, RENAME and TRUNCATE."""

from collections.abc import Iterator

from shared.adapters.binlog.statements.alterations import alterations
from shared.adapters.binlog.statements.names import name_at, past_exists
from shared.adapters.binlog.statements.statement import Effect
from shared.adapters.binlog.statements.tokens import Token


def definition(verb: str, tokens: list[Token]) -> Iterator[Effect]:
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
        yield Effect("gone", *name_at(tokens, at)[0])
        return
    if words[at : at + 1] in (["DATABASE"], ["SCHEMA"]):
        if verb == "DROP":
            yield Effect("gone", name_at(tokens, past_exists(words, at + 1))[0][1], "*")
        return
    if words[at : at + 1] not in (["TABLE"], ["TABLES"]):
        return
    at = past_exists(words, at + 1)
    if verb == "RENAME":
        yield from _renames(tokens, at)
    elif verb == "DROP":
        while at < len(tokens):
            name, at = name_at(tokens, at)
            yield Effect("gone", *name)
            if words[at : at + 1] != [","]:
                break
            at += 1
    elif verb == "CREATE":
        name, _ = name_at(tokens, at)
        if "REPLACE" in words[1:at]:
            yield Effect("gone", *name)
        yield Effect("changed", *name)
    else:
        name, at = name_at(tokens, at)
        yield from alterations(name, tokens[at:])


def _renames(tokens: list[Token], at: int) -> Iterator[Effect]:
    """A table whose name is taken by another in the same statement (gh-ost, pt-osc) lives on; else
    its rows are gone from that name.
    """
    pairs: list[tuple[tuple[str, str], tuple[str, str]]] = []
    while at < len(tokens):
        old, at = name_at(tokens, at)
        while (at < len(tokens) and tokens[at].text in ("WAIT", "NOWAIT")) or (
            at < len(tokens) and tokens[at].text.isdigit()
        ):
            at += 1
        if at >= len(tokens) or tokens[at].text != "TO":
            break
        new, at = name_at(tokens, at + 1)
        pairs.append((old, new))
        if at >= len(tokens) or tokens[at].text != ",":
            break
        at += 1
    taken = {new for _, new in pairs}
    for old, new in pairs:
        if old not in taken:
            yield Effect("gone", *old)
        yield Effect("rewritten", *new)
