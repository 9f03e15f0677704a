"""Row facts: what is certain of a row whose latest change is nowhere any more."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from shared.domain.key_argument import key_texts
from shared.flows.trace.consumer_state import Queues, waiting
from shared.flows.trace.identifying import Places
from shared.flows.trace.sought_change import Sought
from shared.values.errors import ConfigError
from shared.values.message_group import group_id, shard_of
from shared.values.seq import split_seq
from shared.values.settings import ConsumerSettings, SourceSettings, table_settings
from shared.values.table_pattern import TablePatterns


class _Parts(Places, Queues, Protocol):
    """The parts of a stage that are asked."""


def require_possible_row(parts: Places, sought: Sought) -> None:
    """Refuse a table that no source captures, and values that are no key of it.

    Raises ConfigError, StateUnavailable.
    """
    database, _, name = sought.table.partition(".")
    sources = [parts.settings.whole(each) for each in parts.settings.sources.values()]
    sources = [each for each in sources if TablePatterns(each.tables).table(database, name)]
    if not sources:
        raise ConfigError(
            "is captured by no source of the stage.",
            thing=f"table {sought.table}",
            hint="Write the table as the stanza names it: DATABASE.TABLE.",
        )
    table = parts.state.schemas.latest(sources[0].name, database, name)
    hidden = table_settings(sources[0].tables, sought.table).hidden
    if table is not None and not hidden & set(table.key):
        key_texts(sought.key, [table], sought.table)


def row_facts(parts: _Parts, sought: Sought, consumers: Sequence[str]) -> list[str]:
    """A sentence for each consumer of the row's table that keeps marks.

    consumers: only these. Raises StateUnavailable.
    """
    database, _, table = sought.table.partition(".")
    said, settings = [], parts.settings
    for consumer in settings.consumers.values():
        wants = consumer.wants(database, table) and (not consumers or consumer.name in consumers)
        if wants and consumer.marks:
            whole = settings.whole(settings.sources[consumer.source])
            said.append(f"{consumer.name}: {_of_consumer(parts, sought, consumer, whole)}.")
    return said


def _of_consumer(
    parts: _Parts, sought: Sought, consumer: ConsumerSettings, source: SourceSettings
) -> str:
    said = waiting(consumer, parts)
    if group := _group(parts, sought, source):
        mark = parts.state.marks.read(consumer.name, [group]).marks[group]
        if not mark.seq:
            return f"nothing of the row's message group {group} was applied; {said}"
        applied = "everything of the row's message group up to seq {}:{:,} is settled".format(
            *split_seq(mark.seq)
        )
        said = f"{applied}; {said}"
    return said


def _group(parts: _Parts, sought: Sought, source: SourceSettings) -> str:
    """The message group of the row; empty where its key alone does not tell."""
    database, _, name = sought.table.partition(".")
    stanza = table_settings(source.tables, sought.table)
    table = parts.state.schemas.latest(source.name, database, name)
    if table is None or not set(stanza.shard_by) <= set(table.key):
        return ""
    if stanza.hidden & {*table.key, *stanza.shard_by}:
        return ""  # the relay saw other values
    try:
        (text, *_) = key_texts(sought.key, [table], sought.table)
    except ConfigError:
        return ""
    key = msgspec.json.decode(text)
    values = [key[column] for column in stanza.shard_by or table.key]
    return group_id(source.name, database, name, shard_of(values, stanza.shards))
