"""Replay plan: what a replay would send, what it costs, and why it cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from shared.adapters.state.state import State
from shared.domain.change_where import ChangeWhere
from shared.domain.key_argument import key_texts
from shared.domain.replay_cost import replay_cost
from shared.domain.schema_versions import versions_of
from shared.flows.jobs.redrive_and_replay_rate import RATE
from shared.flows.replay.archive_reader import ArchiveReader
from shared.flows.replay.known_columns import require_columns
from shared.values.archive_pages import Choice, PartPlan, PartRequest, Reach, TableName
from shared.values.errors import ConfigError, RowlineError, StackError
from shared.values.settings import ConsumerSettings, SourceSettings, table_settings
from shared.values.table import Table
from shared.values.table_pattern import matches
from shared.values.unix_micros import time_text

_MOST_NAMED = 20
_DAY_US = 86_400_000_000


class ReplayRequest(msgspec.Struct, frozen=True):
    """What a person asks for.

    to_us: 0: as far as the archive reaches. key: as the person writes it.
    tables: names or patterns; empty for all of the consumer's.
    """

    from_us: int
    to_us: int = 0
    tables: tuple[str, ...] = ()
    where: str = ""
    key: str = ""
    rate: float = RATE


class ReplayPlan(msgspec.Struct, frozen=True):
    """What a replay would send. seconds: at its rate. messages, usd: about; see `ReplayCost`.

    notes: what a person should know of it.
    """

    consumer: str
    choice: Choice
    reach: Reach
    tables: dict[str, PartPlan]
    rate: float
    seconds: float
    messages: int
    usd: float
    notes: list[str] = []

    @property
    def changes(self) -> int:
        """How many changes are sent."""
        return sum(each.changes for each in self.tables.values())


@dataclass(frozen=True)
class PlanSetup:
    """streams: of the consumer's source. retention_days: of the archive; 0: for ever."""

    consumer: ConsumerSettings
    source: SourceSettings
    streams: Sequence[str]
    state: State
    reader: ArchiveReader
    retention_days: int
    now_ms: int


def wants_newest(consumer: ConsumerSettings) -> bool:
    """Whether a consumer gets the newest change of each row alone.

    An index keeps the state of rows, whatever its ordering is. What it has forgotten of a deleted
    row, an older change would bring back.
    """
    return not consumer.closes_rows or consumer.kind == "elasticsearch"


def plan(setup: PlanSetup, asked: ReplayRequest) -> ReplayPlan:
    """What a replay would do. Raises ConfigError, StackError for why it cannot be."""
    consumer = setup.consumer
    if consumer.is_drained:
        raise ConfigError(
            "is the archive itself.",
            thing=f"consumer {consumer.name}",
            hint="Name another consumer: a replay sends it what the archive holds.",
        )
    where = ChangeWhere.parse(asked.where)
    tables = tables_of(setup, asked.tables)
    if where.reads_rows:
        require_columns(where, [one for name in tables for one in _versions(setup, name)])
    keys = _keys(setup, tables, asked.key)
    _check_age(setup, asked)
    reach = setup.reader.reach(setup.source.name, setup.streams)
    to_us = asked.to_us or reach.until_us
    _check_reach(reach, asked.from_us, to_us)
    newest = wants_newest(consumer)
    choice = Choice(consumer.source, tables, asked.from_us, to_us, keys, asked.where, newest=newest)
    through = {each.stream: each.through for each in reach.streams}
    parts = {each.full: setup.reader.parts(PartRequest(choice, each, through)) for each in tables}
    changes = sum(each.changes for each in parts.values())
    pages = sum(len(each.bounds) + 1 for each in parts.values() if each.changes)
    groups = sum(
        table_settings(setup.source.tables, name).shards
        for name, each in parts.items()
        if each.changes
    )
    cost = replay_cost(changes, pages, reach.size, reach.rows, groups)
    return ReplayPlan(
        consumer.name,
        choice,
        reach,
        parts,
        asked.rate,
        round(changes / asked.rate, 1),
        cost.messages,
        cost.usd,
        list(_notes(reach, choice)),
    )


def tables_of(
    setup: PlanSetup, chosen: Sequence[str], *, now: bool = False
) -> tuple[TableName, ...]:
    """The captured tables that are meant, by name or pattern. Raises ConfigError.

    now: only those that are captured now, not those that ever were.
    """
    known = {
        full: None
        for stream in setup.streams
        for segment in setup.state.coverage.segments(stream)[-1 if now else 0 :]
        for full in segment.tables
    }
    names = [_named(setup, full) for full in sorted(known)]
    own = [each for each in names if setup.consumer.wants(each.database, each.table)]
    found: dict[TableName, None] = {}
    for pattern in chosen:
        some = [each for each in own if _is_meant(pattern, each)]
        if not some:
            listed = ", ".join(each.full for each in own[:_MOST_NAMED]) or "none yet"
            raise ConfigError(
                f"is no archived table of consumer {setup.consumer.name}.",
                thing=f"table {pattern[:200]!r}",
                hint=f"It has {listed}.",
            )
        found |= dict.fromkeys(some)
    if not chosen:
        found = dict.fromkeys(own)
    if not found:
        raise ConfigError(
            "has no archived table yet.",
            thing=f"consumer {setup.consumer.name}",
            hint="See rowline archive status.",
        )
    return tuple(found)


def _is_meant(pattern: str, name: TableName) -> bool:
    return pattern in (name.full, name.table) or matches(pattern, name.database, name.table)


def _named(setup: PlanSetup, full: str) -> TableName:
    """DATABASE and TABLE of a full name, each of which may have a dot in it."""
    parts = full.split(".")
    ways = [(".".join(parts[:at]), ".".join(parts[at:])) for at in range(1, len(parts))]
    for database, table in ways:
        if setup.state.schemas.latest(setup.source.name, database, table) is not None:
            return TableName(database, table)
    return TableName(*ways[0])


def _keys(setup: PlanSetup, tables: Sequence[TableName], key: str) -> tuple[str, ...]:
    if not key:
        return ()
    if len(tables) > 1:
        raise ConfigError(
            f"is of one table, and {len(tables)} are chosen.",
            thing="--key",
            hint="Name the table with --tables.",
        )
    return tuple(key_texts(key, _versions(setup, tables[0]), tables[0].full))


def _versions(setup: PlanSetup, name: TableName) -> list[Table]:
    return versions_of(setup.state.schemas, setup.source.name, name.database, name.table)


def _check_age(setup: PlanSetup, asked: ReplayRequest) -> None:
    if asked.to_us and asked.to_us <= asked.from_us:
        raise ConfigError(
            f"{time_text(asked.to_us)} is not after --from {time_text(asked.from_us)}.",
            thing="--to",
            hint="Name the earlier time in --from.",
        )
    kept_us = setup.now_ms * 1000 - setup.retention_days * _DAY_US
    if setup.retention_days and asked.from_us < kept_us:
        raise ConfigError(
            f"{time_text(asked.from_us)} is before {time_text(kept_us)}: the archive keeps changes "
            f"for {setup.retention_days} days.",
            thing="--from",
            hint="Choose a later time, or fill the consumer with rowline backfill.",
        )


def _check_reach(reach: Reach, from_us: int, to_us: int) -> None:
    if not reach.since_us:
        raise StackError(
            "holds no change yet.", thing="the archive", hint="See rowline archive status."
        )
    if reach.until_us <= from_us:
        raise _too_late(reach, "--from", from_us)
    if reach.until_us < to_us:
        raise _too_late(reach, "--to", to_us)
    if to_us <= reach.since_us:
        raise ConfigError(
            f"{time_text(to_us)} is before the archive's oldest change of "
            f"{time_text(reach.since_us)}.",
            thing="--to",
            hint="Choose a later time, or fill the consumer with rowline backfill.",
        )


def _too_late(reach: Reach, option: str, at_us: int) -> RowlineError:
    gaps = [each.gap for each in reach.streams if each.gap]
    until = time_text(reach.until_us) if reach.until_us else "no time at all"
    if gaps:
        return StackError(
            f"lacks {gaps[0]}, so it is complete until {until} only.",
            thing="the archive",
            hint="If these changes do not arrive within minutes: rowline archive audit --heal.",
        )
    return ConfigError(
        f"{time_text(at_us)} is later than the archive reaches: {until}.",
        thing=option,
        hint="Choose an earlier time, or see rowline archive status.",
    )


def _notes(reach: Reach, choice: Choice) -> Sequence[str]:
    if choice.from_us < reach.since_us:
        return [f"the archive's oldest change is of {time_text(reach.since_us)}"]
    return []
