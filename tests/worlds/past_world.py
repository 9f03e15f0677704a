"""A table with a past (long: one world): random transactions, archived changes, the true rows.

Columns have an identity, so that a test can say which value a renamed or dropped column had.
"""

import random
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

from shared.adapters.archive_table.contract import TableFacts
from shared.adapters.binlog.contract import Begin, Commit, Event, Rows, Truncated
from shared.domain.archive_ledger import Ledger
from shared.domain.numbering import Numbering
from shared.values.change import Row
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.json_text import encode_json
from shared.values.message import Message
from shared.values.message_group import group_id
from shared.values.position import Position
from shared.values.seq import make_seq, split_seq
from shared.values.settings import TableSettings
from shared.values.table import Column, Table
from tests.worlds.changes_table import Row as Archived
from tests.worlds.twins.state import MemoryCoverages, MemorySchemas

SOURCE, STREAM, DATABASE, TABLE = "shop", "shop", "market", "listings"
EPOCH, BEGAN_MS = 900_000_000, 1_767_225_600_000
KEY = ("tenant", "id")
TENANTS = ("a,b", "it's", '"; DROP')


class Field(NamedTuple):
    """A column with its identity."""

    identity: int
    name: str
    kind: str
    default: Any = None
    scale: int = 0


Stored = dict[int, Any]
"""Identity of a column → value; those of dropped columns stay."""


class PastWorld:
    """See the module. rows: the archived changes, as the table `changes` has them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._fields = [
            Field(0, "tenant", "varchar"),
            Field(1, "id", "bigint"),
            Field(2, "title", "varchar"),
            Field(3, "price", "decimal", scale=2),
            Field(4, "count", "int"),
        ]
        self._identities = 4
        self._now: dict[tuple[str, int], Stored] = {}
        self._numbering = Numbering(
            SOURCE,
            {f"{DATABASE}.{TABLE}": TableSettings(shards=3)},
            seq=make_seq(EPOCH, 0),
        )
        self._ms = BEGAN_MS
        self._transactions = 0
        self.schemas, self.coverage = MemorySchemas(), MemoryCoverages()
        self.rows: list[Archived] = []
        self.snapshots: list[Archived] = []
        self._last = 0  # the newest number
        self._first_ms = self.dropped_ms = 0
        self._dropped: list[Archived] = []
        self.messages: list[Message] = []
        self.past: list[tuple[int, dict[tuple[str, int], Stored], list[Field], list[Field]]] = []
        self.keys: set[tuple[str, int]] = set()
        self._seen: list[Field] = []
        start = SegmentStart(1, make_seq(EPOCH, 0), at_ms=BEGAN_MS)
        names = (f"{DATABASE}.{TABLE}",)
        self.coverage.append(STREAM, CoverageSegment(start, "server", Position("bin.1", 4), names))

    @property
    def state(self) -> Any:
        return SimpleNamespace(schemas=self.schemas, coverage=self.coverage)

    @property
    def end_ms(self) -> int:
        return self._ms

    def facts(self) -> TableFacts:
        ledger = Ledger()
        for row in [*self._dropped, *self.rows]:
            ledger.add((STREAM, row["epoch"]), [row["n"]])
        times = [
            int(row["committed_at"].replace(tzinfo=UTC).timestamp() * 1000) for row in self.rows
        ]
        self._first_ms = self._first_ms or min(times)  # the table notes it when the change comes
        return TableFacts(
            rows=len(self.rows),
            size=1000,
            ledger=ledger.encode(),
            times={STREAM: (self._first_ms, max(times))},
            dropped_ms=self.dropped_ms,
        )

    def drop(self, until_ms: int) -> None:
        """The retention drops the changes that were committed until then."""
        until = _time(until_ms)
        self._dropped += [row for row in self.rows if row["committed_at"] <= until]
        self.rows = [row for row in self.rows if row["committed_at"] > until]
        self.dropped_ms = until_ms

    def has_snapshots(self) -> bool:
        return bool(self.snapshots)

    @property
    def first_ms(self) -> int:
        """When the archive's first change was committed."""
        return int(
            min(row["committed_at"] for row in self.rows).replace(tzinfo=UTC).timestamp() * 1000
        )

    def wait(self, ms: int) -> None:
        """Let so much time pass."""
        self._ms += ms

    def begin_archive(self) -> None:
        """The archive has what comes from now on; rows are there already."""
        self.rows.clear()
        self._first_ms = 0
        self.messages.clear()
        self.coverage = MemoryCoverages()
        self._capture(1, (f"{DATABASE}.{TABLE}",))

    def stop_capture(self, ms: int) -> None:
        """The table is not captured for a while."""
        self._capture(2, ())
        self._ms += ms
        self._capture(3, (f"{DATABASE}.{TABLE}",))

    def _capture(self, number: int, names: tuple[str, ...]) -> None:
        self._ms += 1
        start = SegmentStart(number, make_seq(EPOCH, self._last), at_ms=self._ms)
        self.coverage.append(STREAM, CoverageSegment(start, "server", Position("bin.1", 4), names))

    def read(self, share: float = 1.0) -> None:
        """A snapshot reads a share of the rows, and holds their changes until now."""
        for key in sorted(self._now):
            if self._random.random() < share:
                row = self._image(self._now[key], self._fields)
                self.snapshots.append(
                    {
                        "snapshot": "weekly",
                        "stream": STREAM,
                        "source": SOURCE,
                        "database": DATABASE,
                        "table": TABLE,
                        "key": encode_json({name: row[name] for name in KEY}).decode(),
                        "epoch": EPOCH,
                        "n": self._last,
                        "read_at": _time(self._ms + self._random.choice((-3_000, 0, 3_000))),
                        "schema_version": self.schemas.version_of(SOURCE, self._table()),
                        "after": _text(row),
                    }
                )

    def run(self, steps: int) -> "PastWorld":
        """So many transactions."""
        actions: list[tuple[Callable[[], list[Event]], int]] = [
            (self._insert, 40),
            (self._update, 60),
            (self._delete, 15),
            (self._change_key, 8),
            (self._truncate, 1),
            (self._alter, 3),
        ]
        choices, weights = zip(*actions, strict=True)
        for step in range(steps):
            action = self._insert if step < 5 else self._random.choices(choices, weights)[0]
            self._transaction(action())
        return self

    def true_row(self, key: tuple[str, int], at_ms: int) -> Row | None:
        """The row at a time under the columns that the archive can know of, by name.

        Those are the columns of the table's last change before.
        """
        place = bisect_right(self.past, at_ms, key=lambda each: each[0])
        if not place:
            return None
        _, rows, _, seen = self.past[place - 1]
        row = rows.get(key)
        return None if row is None else self._image(row, seen)

    def _image(self, row: Stored, fields: list[Field]) -> Row:
        """The row as its columns show it: a new type shows each value in another form."""
        return {each.name: _shown(each, row.get(each.identity, each.default)) for each in fields}

    def _table(self) -> Table:
        columns = tuple(Column(each.name, each.kind, scale=each.scale) for each in self._fields)
        return Table(DATABASE, TABLE, columns, KEY)

    def _transaction(self, events: list[Event]) -> None:
        self._ms += self._random.choice((0, 1, 7, 1000, 60_000))
        self._transactions += 1
        position = Position("bin.1", self._transactions)
        begin = Begin(f"bin.1:{self._transactions}@{self._ms}", "", position, self._ms)
        commit = Commit(position, self._ms)
        for event in (begin, *events, commit):
            for table, shard, change in self._numbering.take(event):
                version = self.schemas.version_of(SOURCE, table) if table.columns else 1
                row = _archived(change, version, shard)
                self.rows.append(row)
                self._last = row["n"]
                parts = (STREAM, SOURCE, DATABASE, TABLE, version, row["group"], None, [change])
                self.messages.append(Message(*parts))
        if events and type(events[0]) is Rows:
            self._seen = list(self._fields)
        held = {key: dict(row) for key, row in self._now.items()}
        self.past.append((self._ms, held, list(self._fields), self._seen))

    def _insert(self) -> list[Event]:
        made = []
        for _ in range(self._random.choice((1, 1, 3))):
            key = (self._random.choice(TENANTS), self._random.randrange(1, 15))
            if key in self._now:
                continue
            row = {each.identity: self._value(each) for each in self._fields} | dict(enumerate(key))
            self._now[key] = row
            self.keys.add(key)
            made.append((None, self._image(row, self._fields)))
        return [Rows(self._table(), "c", 0, made)] if made else []

    def _update(self) -> list[Event]:
        changed = []
        for key in self._some():
            before = self._image(self._now[key], self._fields)
            for each in self._fields[2:]:
                if self._random.random() < 0.5:
                    self._now[key][each.identity] = self._value(each)
            changed.append((before, self._image(self._now[key], self._fields)))
        return [Rows(self._table(), "u", 0, changed)] if changed else []

    def _delete(self) -> list[Event]:
        gone = [(self._image(self._now.pop(key), self._fields), None) for key in self._some()]
        return [Rows(self._table(), "d", 0, gone)] if gone else []

    def _change_key(self) -> list[Event]:
        for key in self._some()[:1]:
            other = (key[0], self._random.randrange(1, 15))
            if other in self._now:
                return []
            row = self._now.pop(key)
            before = self._image(row, self._fields)
            self._now[other] = row | dict(enumerate(other))
            self.keys.add(other)
            after = self._image(self._now[other], self._fields)
            return [Rows(self._table(), "u", 0, [(before, after)])]
        return []

    def _truncate(self) -> list[Event]:
        self._now.clear()
        return [Truncated(DATABASE, TABLE)]

    def _alter(self) -> list[Event]:
        what = self._random.choice(("add", "rename", "drop", "retype"))
        self._identities += 1
        if what == "add" or len(self._fields) < 4:
            default = self._random.choice((None, 5))
            self._fields.append(Field(self._identities, f"c{self._identities}", "int", default))
            return []
        at = self._random.randrange(2, len(self._fields))
        field = self._fields[at]
        if what == "drop":
            del self._fields[at]
        elif what == "retype":
            kind = "varchar" if field.kind == "int" else field.kind
            scale = field.scale + 2 if field.kind == "decimal" else 0
            self._fields[at] = field._replace(kind=kind, scale=scale)
        else:
            self._fields[at] = field._replace(name=f"c{self._identities}")
        return []

    def _some(self) -> list[tuple[str, int]]:
        keys = sorted(self._now)
        return self._random.sample(keys, min(len(keys), self._random.choice((1, 1, 2))))

    def _value(self, field: Field) -> Any:
        if field.kind == "varchar":
            return self._random.choice((None, "x", "ü'\n", '"'))
        if field.kind == "decimal":
            return f"{self._random.randrange(1000)}.5"
        return self._random.choice((None, 0, -1, 1 << 62, self._random.randrange(100)))


def _shown(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.kind == "decimal":
        whole, _, part = value.partition(".")
        return f"{whole}.{part.ljust(field.scale, '0')}"
    return str(value) if field.kind == "varchar" else value


def _archived(change: Any, version: int, shard: int) -> Archived:
    epoch, n = split_seq(change.seq)
    return {
        "stream": STREAM,
        "epoch": epoch,
        "n": n,
        "id": change.id,
        "source": SOURCE,
        "database": DATABASE,
        "table": TABLE,
        "op": change.op,
        "key": encode_json(change.key).decode(),
        "committed_at": _time(change.ts_ms),
        "landed_at": _time(change.ts_ms),
        "before": _text(change.before),
        "after": _text(change.after),
        "tx_id": change.tx.id,
        "tx_index": change.tx.index,
        "tx_last": change.tx.last,
        "schema_version": version,
        "group": group_id(SOURCE, DATABASE, TABLE, shard),
        "trace_id": None,
    }


def _text(row: Row | None) -> str | None:
    return None if row is None else encode_json(row).decode()


def _time(ms: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).replace(tzinfo=None)
