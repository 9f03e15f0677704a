"""Related rows: the rows of other tables that belong to a person, by declared relations.

A relation may lead from a table that another relation leads to, so rows are looked for until no
more are found.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from shared.flows.privacy.person_rows import changes, of_table, snapshot_rows, with_other_keys
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.values.counted import counted
from shared.values.erasure import Relation, Subject
from shared.values.errors import ConfigError
from shared.values.json_text import decode_json, encode_json

_plain = msgspec.json.Decoder(dict[str, Any])
Values = tuple[str, ...]


def with_related(
    setup: PrivacySetup, subject: Subject, relations: Sequence[Relation], *, alike: bool = False
) -> list[Subject]:
    """The subject with its other keys, and the rows of other tables that belong to it.

    alike: texts that differ only in case, accents or blanks at their end are the same.
    Raises ConfigError.
    """
    if alike:
        subject = _with_alike(setup, subject)
    found = {subject.full_name: with_other_keys(setup, subject)}
    known = {subject.full_name, *(each.full_name for each in relations)}
    due = list(relations)
    while due:
        each = due.pop(0)
        parent = found.get(each.parent or subject.full_name)
        if each.parent not in ("", *known):
            raise ConfigError(
                "is none of the tables.",
                thing=f"table {each.parent}",
                hint="Name its own relation with --related, too.",
            )
        keys = (
            _related(setup, each, _values(setup, parent, each, alike), alike) if parent else set()
        )
        held = found.get(each.full_name)
        if keys <= set(held.keys if held else ()):
            continue
        keys |= set(held.keys if held else ())
        child = Subject(each.source, each.database, each.table, tuple(sorted(keys)))
        found[each.full_name] = with_other_keys(setup, child)
        due += [
            other
            for other in relations
            if (other.parent or subject.full_name) == each.full_name and other not in due
        ]
    return list(found.values())


def _values(setup: PrivacySetup, parent: Subject, relation: Relation, alike: bool) -> set[Values]:
    """What the relation's columns must have: the parent's keys, or other columns of its rows."""
    keys = [decode_json(key.encode(), _plain) for key in parent.keys]
    columns = relation.parent_columns or tuple(keys[0] if keys else ())
    if len(columns) != len(relation.columns):
        raise ConfigError(
            f"has {counted(len(relation.columns), 'column')}, and the key has {len(columns)}: "
            f"{', '.join(columns)}.",
            thing=f"the relation of {relation.full_name}",
            hint="Name as many: --related DATABASE.TABLE.COLUMN,COLUMN.",
        )
    rows: Iterable[dict[str, Any]] = keys
    if any(not set(columns) <= key.keys() for key in keys):
        rows = _images(
            (*changes(setup, parent, ["before", "after"]), *snapshot_rows(setup, parent))
        )
    return set(_taken(rows, columns, alike))


def _related(setup: PrivacySetup, relation: Relation, values: set[Values], alike: bool) -> set[str]:
    """The keys of the rows whose columns ever had one of these values."""
    found: set[str] = set()
    if not values:
        return found
    table = Subject(relation.source, relation.database, relation.table, ())
    for row in of_table(setup, table, ["key", "before", "after"]):
        if not values.isdisjoint(_taken(_images([row]), relation.columns, alike)):
            found.add(row["key"])
    return found


def _with_alike(setup: PrivacySetup, subject: Subject) -> Subject:
    """The subject with every key of its table that differs from one of it only as texts do."""
    wanted = {_key_form(each) for each in subject.keys}
    like = {
        row["key"] for row in of_table(setup, subject, ["key"]) if _key_form(row["key"]) in wanted
    }
    return msgspec.structs.replace(subject, keys=tuple(sorted({*subject.keys, *like})))


def _key_form(text: str) -> Values:
    return tuple(
        _form(each, True) for _, each in sorted(decode_json(text.encode(), _plain).items())
    )


def _images(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        for text in (row.get("before"), row.get("after")):
            if text is not None:
                yield decode_json(text.encode(), _plain)


def _taken(rows: Iterable[dict[str, Any]], columns: Sequence[str], alike: bool) -> Iterator[Values]:
    """The values of these columns; NULL belongs to nobody."""
    for row in rows:
        values = [row.get(name) for name in columns]
        if None not in values:
            yield tuple(_form(each, alike) for each in values)


def _form(value: Any, alike: bool) -> str:
    """A value as text, so that a number is the same as its digits."""
    text = value if isinstance(value, str) else encode_json(value).decode()
    if not alike:
        return text
    bare = unicodedata.normalize("NFKD", text.rstrip(" ").casefold())
    return "".join(each for each in bare if not unicodedata.combining(each))
