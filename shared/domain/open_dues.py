"""Open dues: the tables of a consumer that are due for a resync."""

import msgspec

from shared.adapters.state.dues import Dues
from shared.values.settings import ConsumerSettings, SourceSettings
from shared.values.table_pattern import TablePatterns


class OpenDue(msgspec.Struct, frozen=True):
    """One due that no resync has settled.

    table: `DATABASE.TABLE`, or `DATABASE.*` where nobody can tell the names.
    cause, why: see `DueCause`.
    own: it was noted for this consumer alone.
    """

    table: str
    cause: str
    why: str
    own: bool = False

    def concerns(self, table: str) -> bool:
        """Whether it is about this table."""
        database, _, name = self.table.partition(".")
        return table == self.table or (name == "*" and table.partition(".")[0] == database)


def open_dues(dues: Dues, consumer: ConsumerSettings, source: SourceSettings) -> list[OpenDue]:
    """The dues of a consumer, by table.

    source: what the consumer's source captures by all its relays.

    An archive has none: it keeps changes, and the rows that a resync sends are no changes. Its
    snapshots keep the rows.
    """
    if consumer.is_drained:
        return []
    settled = dues.settled(consumer.name)
    found = [
        OpenDue(table, cause.id, cause.why)
        for table, cause in dues.of_source(consumer.source).items()
        if settled.get(table) != cause.id and _takes(consumer, source, table)
    ]
    found += [
        OpenDue(table, cause.id, cause.why, own=True)
        for table, cause in dues.of_consumer(consumer.name).items()
        if _takes(consumer, source, table)
    ]
    return sorted(found, key=lambda one: (one.table, one.own))


def _takes(consumer: ConsumerSettings, source: SourceSettings, table: str) -> bool:
    database, _, name = table.partition(".")
    if name == "*":
        return any(each.partition(".")[0] == database for each in consumer.tables)
    return consumer.wants(database, name) and TablePatterns(source.tables).table(database, name)
