"""Stage settings (long: all of `rowline.json`): the expanded stanzas, packed beside the code.

The plugin has validated them. The names of resources come from the environment, which
CloudFormation fills in.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from shared.values.errors import ConfigError
from shared.values.message_group import DEFAULT_SHARDS
from shared.values.stream import stream_of
from shared.values.table_pattern import matches
from shared.values.verify_schedule import VerifySchedule


class TableSettings(
    msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """How a table is captured.

    key: a unique key, for a table without a primary one.
    shard_by: columns that choose the shard instead of the key.
    drop: columns that never leave the relay.
    mask: column to `hash`, `redact` or `null`.
    clear: columns that may leave though they could be hidden ones under a new name.
    accept_cascades: capture it although foreign keys change its rows without logging them.
    """

    key: tuple[str, ...] = ()
    shards: int = DEFAULT_SHARDS
    shard_by: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    mask: dict[str, str] = {}
    clear: tuple[str, ...] = ()
    accept_cascades: bool = False

    @property
    def hidden(self) -> frozenset[str]:
        """Columns whose values do not leave as they are."""
        return frozenset(self.drop) | self.mask.keys()

    @property
    def unread(self) -> frozenset[str]:
        """Columns that are not read at all, so that their content does not matter."""
        return frozenset(self.drop) - set(self.shard_by)


_AS_IT_IS = TableSettings()


def table_settings(tables: Mapping[str, TableSettings], full_name: str) -> TableSettings:
    """The settings of a captured table: by its own name, else by the first pattern that matches.

    A table that no entry names has the defaults.
    """
    exact = tables.get(full_name)
    if exact is not None:
        return exact
    database, _, table = full_name.partition(".")
    patterns = ((pattern, found) for pattern, found in tables.items() if "*" in pattern)
    chosen = (found for pattern, found in patterns if matches(pattern, database, table))
    return next(chosen, _AS_IT_IS)


class SourceSettings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One entry of `sources:`, read by one relay.

    secret: the name of the Secrets Manager secret {host, port, username, password, tls}.
    start: `earliest`, `latest` or a position.
    linger_ms: how long a change of a quiet source waits for others.
    relay_of: the source that this entry is a further relay of; the secret is that source's.
    elsewhere: table to stream, for tables that another relay carries. `StageSettings.whole` fills
        it.
    """

    name: str
    secret: str
    tables: dict[str, TableSettings]
    start: str = "latest"
    run: str = "lambda"
    linger_ms: int = 20
    compression: Literal["off", "zstd"] = "off"
    relay_of: str = ""
    elsewhere: dict[str, str] = {}

    @property
    def stream(self) -> str:
        """The name of its numbering and its checkpoint."""
        return stream_of(self.name, self.relay_of)

    def stream_of(self, table: str) -> str:
        """The stream that carries a table."""
        return self.elsewhere.get(table, self.stream)


class FilterSettings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The `filter` of a consumer.

    values: column → the values that a row may have there, as they are in a change.
    changed: columns of which an update must change one.
    """

    values: dict[str, tuple[Any, ...]] = {}
    changed: tuple[str, ...] = ()


class ConsumerSettings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One entry of `consumers:`.

    tables: `database.table` or `database.*`.
    sink: its `kind`, and settings that only that sink reads (shared/flows/consume/sinks).
    marks: false waives the record per group.
    operations: those that reach the sink; empty: all.
    park_budget: changes that may be parked in a minute.
    max_attempts: how often a refused change is tried, in one invocation, before it is parked.
    ordering: after a refusal, a row's later changes continue, or wait (`every-change`).
    upcasters: table → schema version, as text → own code that lifts its rows to the next version.
    mapping: own code that makes a document of a row; empty for none.
    verify: when it is compared with its source; None: only by hand.
    timeout: of its function, seconds.
    enabled: false: it applies nothing, and its queue keeps the changes.
    """

    name: str
    source: str
    tables: tuple[str, ...]
    sink: dict[str, Any]
    marks: bool = True
    operations: tuple[str, ...] = ()
    park_budget: int = 1000
    max_attempts: int = 1
    ordering: Literal["latest-state", "every-change"] = "latest-state"
    filter: FilterSettings = FilterSettings()
    upcasters: dict[str, dict[str, str]] = {}
    mapping: str = ""
    verify: VerifySchedule | None = None
    timeout: int = 60
    enabled: bool = True

    @property
    def closes_rows(self) -> bool:
        """Whether a refused change closes its row."""
        return self.ordering == "every-change"

    @property
    def kind(self) -> str:
        """The name of its sink."""
        return str(self.sink.get("kind", ""))

    @property
    def is_drained(self) -> bool:
        """Whether a schedule starts its function, which receives its messages itself."""
        return self.kind == "archive"

    @property
    def rereads_rows(self) -> bool:
        """Whether a row that is read again replaces changes of it that were lost."""
        return not self.closes_rows and not self.is_drained

    def wants(self, database: str, table: str) -> bool:
        """Whether the consumer declares this table."""
        return any(matches(pattern, database, table) for pattern in self.tables)


class SnapshotSettings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`snapshots` of the stanza `archive:`.

    schedule: when they are taken, see `shared/values/schedule.py`; empty: only by hand.
    keep_days: how long each is kept.
    rows_per_second: the most rows that are read per second; 0: no limit.
    replicas: source → the secret of a replica that is read instead of it.
    """

    schedule: str = ""
    keep_days: int = 35
    rows_per_second: int = 0
    replicas: dict[str, str] = {}


class ArchiveSettings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The stanza `archive:`.

    retention_days: how long changes are kept; 0: for ever.
    via: how changes come into the landing.
    """

    retention_days: int
    via: Literal["s3", "firehose"] = "s3"
    snapshots: SnapshotSettings = SnapshotSettings()


class StageSettings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The settings of a stage.

    tracing: the share of messages that are traced, as text: cfn-lint refuses a fraction in the
        metadata of a template (E4002).
    archive: None where it is off.
    """

    service: str
    stage: str
    sources: dict[str, SourceSettings]
    consumers: dict[str, ConsumerSettings]
    tracing: str = "0"
    archive: ArchiveSettings | None = None

    @property
    def traced_share(self) -> float:
        """The share of messages that are traced, 0 to 1."""
        return float(self.tracing)

    def source_of(self, consumer: ConsumerSettings) -> SourceSettings:
        """The capture settings of a consumer's source, all of its relays taken together."""
        return self.whole(self.sources[consumer.source])

    def sharing_source(self, consumer: str) -> list[str]:
        """The consumers of the same source, this one among them."""
        source = self.consumers[consumer].source if consumer in self.consumers else None
        return [name for name, each in self.consumers.items() if each.source == source]

    def whole(self, relay: SourceSettings) -> SourceSettings:
        """The source of a relay as one entry: the tables of all its relays together.

        `elsewhere` names the tables that another relay than the first carries.
        """
        first = self.sources[relay.relay_of or relay.name]
        others = self.siblings(first)
        tables = {name: table for each in (first, *others) for name, table in each.tables.items()}
        return msgspec.structs.replace(
            first,
            tables=tables,
            elsewhere={name: each.stream for each in others for name in each.tables},
        )

    def siblings(self, source: SourceSettings) -> list[SourceSettings]:
        """The other relays of the same source."""
        root = source.relay_of or source.name
        return [
            each
            for each in self.sources.values()
            if root in (each.name, each.relay_of) and each.name != source.name
        ]


def load(path: Path) -> StageSettings:
    """Read a settings file. Raises ConfigError naming the path inside it."""
    try:
        return decode(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise ConfigError(
            "is missing.", thing=str(path), hint="It is made by `sls package` and `sls deploy`."
        ) from None


def decode(text: bytes, origin: str) -> StageSettings:
    """Settings from JSON that came from `origin`. Raises ConfigError naming the path inside it."""
    try:
        return from_json(msgspec.json.decode(text))
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f"cannot be read: {error}.",
            thing=origin,
            hint="Package again with the plugin of this version.",
        ) from None


def from_json(metadata: Any) -> StageSettings:
    """Settings from decoded JSON. Raises msgspec.ValidationError.

    Also reads the form that stacks were deployed with before sinks had a `kind`.
    """
    return msgspec.convert(_with_kinds(metadata), type=StageSettings)


def _with_kinds(metadata: Any) -> Any:
    if not isinstance(metadata, dict) or not isinstance(metadata.get("consumers"), dict):
        return metadata
    consumers = {name: _with_kind(each) for name, each in metadata["consumers"].items()}
    return {**metadata, "consumers": consumers}


def _with_kind(consumer: Any) -> Any:
    if not isinstance(consumer, dict) or not isinstance(consumer.get("elasticsearch"), dict):
        return consumer
    rest = {key: value for key, value in consumer.items() if key != "elasticsearch"}
    return {**rest, "sink": {"kind": "elasticsearch", **consumer["elasticsearch"]}}
