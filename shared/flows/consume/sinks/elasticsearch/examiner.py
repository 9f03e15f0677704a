"""Examiner: whether stanza, tables and cluster fit together. It writes nothing."""

from collections.abc import Iterator, Sequence

from shared.adapters.search.contract import Search
from shared.domain.received_table import ReceivedTable
from shared.domain.sink import Target
from shared.flows.consume.sinks.elasticsearch.layout import Layout
from shared.flows.consume.sinks.elasticsearch.sink_settings import ElasticsearchSettings
from shared.flows.consume.sinks.elasticsearch.unmappable_row import UnmappableRow
from shared.values.did_you_mean import did_you_mean
from shared.values.errors import SearchError
from shared.values.finding import Finding
from shared.values.settings import ConsumerSettings

PLAIN_INDEX = "is an index of its own, not an alias"


class ElasticsearchExaminer:
    """Reads from the cluster of one consumer. Raises ConfigError for a stanza that cannot work."""

    def __init__(
        self, consumer: ConsumerSettings, settings: ElasticsearchSettings, search: Search
    ) -> None:
        self._settings, self._search, self._consumer = settings, search, consumer
        self._layout = Layout(consumer, settings)
        self._stanza = f"consumers.{consumer.name}.elasticsearch"

    def targets(self, tables: Sequence[str]) -> list[Target]:
        aliases = {name: self._layout.alias(*name.split(".", 1)) for name in tables}
        held = self._search.behind(sorted(aliases.values()))
        found = []
        for table, alias in aliases.items():
            behind = held.get(alias)
            found.append(
                Target(
                    table,
                    alias,
                    self._search.place(),
                    behind.created_ms if behind else 0,
                    PLAIN_INDEX if behind and not behind.is_alias else "",
                    behind.ids if behind else (),
                )
            )
        return found

    def compare(self, tables: Sequence[ReceivedTable]) -> list[Finding]:
        return [
            *self._unknown_columns(tables),
            *(finding for table in tables for finding in self._of_table(table)),
            *self._definition(),
            *self._stale(tables),
        ]

    def _unknown_columns(self, tables: Sequence[ReceivedTable]) -> Iterator[Finding]:
        """Columns that the stanza names and none of the tables has."""
        known = {column for table in tables for column in table.columns}
        of = tables[0].name if len(tables) == 1 else "any of its tables"
        named = (("fields", self._settings.fields), ("rename", self._settings.rename))
        for option, columns in named:
            for column in columns:
                if tables and column not in known:
                    yield self._wrong(
                        option,
                        f"names {column}, which is no column of {of}",
                        f"{did_you_mean(column, known)}Correct it, or take it out.",
                    )

    def _of_table(self, table: ReceivedTable) -> Iterator[Finding]:
        try:
            self._layout.shape.names(list(table.columns))
        except UnmappableRow as error:
            yield self._wrong("rename", f"{error.what.rstrip('.')}, in {table.name}", error.hint)
        if self._settings.id:
            yield from self._id(table)

    def _id(self, table: ReceivedTable) -> Iterator[Finding]:
        """Two rows of one id would overwrite each other; a row with a null in it has none."""
        columns = self._settings.id
        if missing := [column for column in columns if column not in table.columns]:
            yield self._wrong(
                "id",
                f"names {missing[0]}, which is no column of {table.name}",
                f"{did_you_mean(missing[0], table.columns)}Correct it, or leave out id: the key "
                "is then the id.",
            )
        elif nullable := [column for column in columns if table.columns[column].nullable]:
            yield self._wrong(
                "id",
                f"names {nullable[0]}, which may be null in {table.name}",
                "A row with a null there has no document. Make it NOT NULL, or name other columns.",
            )
        elif blurred := [column for column in columns if column in table.blurred]:
            yield self._wrong(
                "id",
                f"names {blurred[0]}, in which a mask of the source makes all values of "
                f"{table.name} equal",
                "Name other columns, or mask it by hash.",
            )
        elif not table.keys.identify(columns):
            yield self._wrong(
                "id",
                f"names {', '.join(columns)}, over which {table.name} has no unique index: rows "
                "that share the values would overwrite each other's document",
                f"Name the columns of a unique index. Rows that share them now: "
                f"{duplicates_query(table.name, columns)}",
            )

    def _definition(self) -> list[Finding]:
        """Whether the cluster would make an index as the user's own file says."""
        if not self._settings.index:
            return []
        try:
            reason = self._search.refusal(self._layout.definition(None))
        except SearchError as error:
            return [
                Finding(
                    f"{self._stanza}.index",
                    "warn",
                    f"was not tried: {error.thing} {error.what.rstrip('.')}",
                    "Grant the account the cluster privilege manage_index_templates to try it.",
                )
            ]
        if not reason:
            return []
        return [
            self._wrong(
                "index",
                f"is refused by Elasticsearch: {reason}",
                "Correct the file; no index can be made with it.",
            )
        ]

    def _stale(self, tables: Sequence[ReceivedTable]) -> Iterator[Finding]:
        """Documents that the consumer's `operations` and `changed` leave behind their rows."""
        stanza = f"consumers.{self._consumer.name}"
        operations, changed = self._consumer.operations, self._consumer.filter.changed
        if operations and not {"c", "u", "d"} <= set(operations):
            yield Finding(
                f"{stanza}.operations",
                "warn",
                f"leaves out {', '.join(sorted({'c', 'u', 'd'} - set(operations)))}: documents "
                "will differ from their rows, and `rowline verify` will report them",
                "List c, u and d for an index that follows its tables.",
                stanza=f"{stanza}.operations",
            )
        for table in tables if changed else ():
            kept = self._settings.fields or tuple(table.columns)
            old = [name for name in kept if name not in (*changed, *table.table.key)]
            if old:
                yield Finding(
                    f"{stanza}.filter.changed",
                    "warn",
                    f"leaves {', '.join(old[:5])} of {table.name} old where an update changes "
                    f"none of {', '.join(changed)}",
                    f"Name these columns in changed too, or keep only {', '.join(changed)} in "
                    "fields.",
                    stanza=f"{stanza}.filter.changed",
                )

    def _wrong(self, option: str, what: str, fix: str) -> Finding:
        stanza = f"{self._stanza}.{option}"
        return Finding(stanza, "fail", what, fix, stanza=stanza)


def duplicates_query(table: str, columns: Sequence[str]) -> str:
    """The statement that finds rows which share these values."""
    database, _, name = table.partition(".")
    listed = ", ".join(_quoted(column) for column in columns)
    return (
        f"SELECT {listed}, COUNT(*) FROM {_quoted(database)}.{_quoted(name)} "  # noqa: S608
        f"GROUP BY {listed} HAVING COUNT(*) > 1 LIMIT 10;"
    )


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
