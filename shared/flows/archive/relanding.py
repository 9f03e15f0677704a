"""Relanding: changes that were read again become objects that the archive's function heals from."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from shared.adapters.objects.contract import ObjectFolder
from shared.adapters.state.schemas import Schemas
from shared.domain.numbering import Numbered
from shared.flows.archive.archive_answers import NumbersToRead
from shared.flows.archive.rereading_numbers import RereadSpan
from shared.values import landing_encoding
from shared.values.change import Change
from shared.values.message import Message
from shared.values.message_group import group_id
from shared.values.seq import make_seq
from shared.values.stream import source_of

MOST = 20_000
"""Changes of one object."""


class Relanded(NamedTuple):
    """One object: its name, and the changes in it, each with the table that it is of."""

    name: str
    changes: list[tuple[str, Change]]


def reland(
    found: Iterable[RereadSpan], schemas: Schemas, healing: ObjectFolder
) -> Iterator[Relanded]:
    """Write each span's changes under their numbers; yields an object when it is durable."""
    versions: dict[int, int] = {}
    for wanted, changes in found:
        for start in range(0, len(changes), MOST):
            some = changes[start : start + MOST]
            messages = [
                _message(wanted, one, wanted.first + start + at, schemas, versions)
                for at, one in enumerate(some)
            ]
            name = landing_encoding.name_of([(each.stream, each.changes[0]) for each in messages])
            healing.put(name, landing_encoding.encode(messages))
            yield Relanded(name, [(each.full_name, each.changes[0]) for each in messages])


def _message(
    wanted: NumbersToRead, one: Numbered, n: int, schemas: Schemas, versions: dict[int, int]
) -> Message:
    table, shard, change = one
    source = source_of(wanted.stream)
    if id(table) not in versions:
        versions[id(table)] = schemas.version_of(source, table) if table.columns else 0
    return Message(
        wanted.stream,
        source,
        table.database,
        table.name,
        versions[id(table)],
        group_id(source, table.database, table.name, shard),
        None,
        [msgspec.structs.replace(change, seq=make_seq(wanted.epoch, n))],
    )
