"""The marks of a consumer: an item for each 32 shards of a table.

So a batch writes about 1 KB for a group, however many shards a table has. The former version kept
the marks of all shards of a table in one item, `mark`. A bucket is made with the marks
from there, when the first of its groups moves.
"""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.gates import GATE, GATE_ITEM
from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.jobs import run_in
from shared.adapters.state.dynamodb.pair_store import PAIRS, PAIRS_ITEM
from shared.adapters.state.dynamodb.parked import FLAGS, flags_of
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable, consumer_key
from shared.values.batch_start import BatchStart
from shared.values.mark import Mark

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SHARDS = 32
"""Of a bucket. With numbers of full length its item has less than 1 KB, the unit of a write.
Source: DynamoDB developer guide, "DynamoDB read and write operations"."""

_FORMER = "mark"
_BOTH_SECONDS = 1200
"""A function of the former version may still write the former item, for as long as it may run."""

_Moves = dict[str, tuple[Mark, Mark]]


class DynamoMarks:
    """Marks in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def read(self, consumer: str, groups: list[str]) -> BatchStart:
        places = {group: _place(group) for group in groups}
        keys = {(consumer_key(consumer, table), sk) for table, sk, _ in places.values()}
        own = consumer_key(consumer)
        of_consumer = [(own, "run"), (own, FLAGS), (own, GATE), (own, PAIRS)]
        found = self._table.get_many([*of_consumer, *sorted(keys)])
        former = self._former(key[0] for key in keys if _may_be_elsewhere(found.get(key)))
        marks = {}
        for group, (table, sk, shard) in places.items():
            pk = consumer_key(consumer, table)
            mark = _mark(found.get((pk, sk)), "s", "c", shard)
            if pk in former:
                mark = max(mark, _mark(former[pk], "seq", "count", shard), key=lambda one: one.seq)
            marks[group] = mark
        return BatchStart(
            marks,
            run=run_in(found.get((own, "run"))),
            parked=frozenset(flags_of(found.get((own, FLAGS)))),
            gate=GATE_ITEM.of(found.get((own, GATE))),
            pairs=PAIRS_ITEM.of(found.get((own, PAIRS))),
        )

    def advance(self, consumer: str, moves: _Moves) -> set[str]:
        buckets: dict[tuple[str, str], _Moves] = {}
        for group, move in moves.items():
            table, sk, _ = _place(group)
            buckets.setdefault((consumer_key(consumer, table), sk), {})[group] = move
        refused: set[str] = set()
        if len(buckets) < 2:  # no thread for one request
            return refused.union(*(self._refused(*each) for each in buckets.items()))
        with ThreadPoolExecutor(len(buckets)) as pool:  # the function waits for nothing else
            return refused.union(*pool.map(self._refused, buckets.keys(), buckets.values()))

    def _refused(self, bucket: tuple[str, str], some: _Moves) -> set[str]:
        """Move the marks of one bucket; returns the groups where that did not succeed."""
        pk, sk = bucket
        if self._move(pk, sk, some):
            return set()
        # One of them is not as it was seen; the others must not suffer from that.
        return {group for group in some if not self._move(pk, sk, {group: some[group]})}

    def _move(self, pk: str, sk: str, moves: _Moves) -> bool:
        """Move marks of one bucket, all or none, in one write.

        Each condition is on the group's own attributes, so batches of other groups do not collide.
        """
        try:
            self._update(pk, sk, moves)
        except ConditionFailed as failed:
            if not failed.item:
                return self._make(pk, sk, moves)
            stands = {group: _mark(failed.item, "s", "c", _place(group)[2]) for group in moves}
            if all(stands[group] == to for group, (_, to) in moves.items()):
                return True  # our own write, its reply lost
            return self._move_former(pk, sk, moves, stands)
        return True

    def _update(self, pk: str, sk: str, moves: _Moves) -> None:
        """Move marks of an item that exists. Raises ConditionFailed."""
        values: Item = {}
        sets, conditions = [], ["attribute_exists(pk)"]
        for n, (group, (seen, to)) in enumerate(moves.items()):
            shard = _place(group)[2]
            values |= {f":s{n}": to.seq, f":c{n}": to.count}
            sets.append(f"s{shard} = :s{n}, c{shard} = :c{n}")
            if seen == Mark():
                conditions.append(f"attribute_not_exists(s{shard})")
            else:
                values |= {f":ss{n}": seen.seq, f":cc{n}": seen.count}
                conditions.append(f"s{shard} = :ss{n} AND c{shard} = :cc{n}")
        self._table.update(pk, sk, "SET " + ", ".join(sets), values, " AND ".join(conditions))

    def _make(self, pk: str, sk: str, moves: _Moves) -> bool:
        """Make a bucket with the marks of the former item, those of `moves` moved."""
        former = self._table.get(pk, _FORMER)
        first = int(sk.partition("#")[2]) * SHARDS
        marks = {
            str(shard): mark
            for shard in range(first, first + SHARDS)
            if (mark := _mark(former, "seq", "count", str(shard))) != Mark()
        }
        for group, (seen, to) in moves.items():
            shard = _place(group)[2]
            if marks.get(shard, Mark()) != seen:
                return False
            marks[shard] = to
        values: Item = {":made": int(time.time())}
        sets = ["made = :made"]
        for n, (shard, mark) in enumerate(marks.items()):
            values |= {f":s{n}": mark.seq, f":c{n}": mark.count}
            sets.append(f"s{shard} = :s{n}, c{shard} = :c{n}")
        try:
            self._table.update(pk, sk, "SET " + ", ".join(sets), values, "attribute_not_exists(pk)")
        except ConditionFailed:  # another invocation was faster, or our own write's reply was lost
            return self._move(pk, sk, moves)
        return True

    def _move_former(self, pk: str, sk: str, moves: _Moves, stands: dict[str, Mark]) -> bool:
        """Move a mark that a function of the former version moved after its bucket was made."""
        former = self._former([pk]).get(pk)
        for group, (seen, _) in moves.items():
            mark = _mark(former, "seq", "count", _place(group)[2])
            if stands[group] != seen and (mark != seen or mark.seq <= stands[group].seq):
                return False
        try:
            self._update(pk, sk, {group: (stands[group], to) for group, (_, to) in moves.items()})
        except ConditionFailed:
            return False
        return True

    def _former(self, pks: Iterable[str]) -> dict[str, Item]:
        """The former items of these partitions that exist."""
        wanted = sorted({(pk, _FORMER) for pk in pks})
        return {pk: item for (pk, _), item in self._table.get_many(wanted).items()}


def _may_be_elsewhere(bucket: Item | None) -> bool:
    return bucket is None or time.time() - bucket.get("made", 0) < _BOTH_SECONDS


def _place(group: str) -> tuple[str, str, str]:
    """(table, sort key of the bucket, shard) of a group.

    Its id is `TABLE-SHARD`, see shared/values/message_group.py.
    """
    table, _, shard = group.rpartition("-")
    bucket = int(shard) // SHARDS if shard.isdigit() else 0
    return table, f"{_FORMER}#{bucket:03d}", shard


def _mark(item: Item | None, seq: str, count: str, shard: str) -> Mark:
    if not item or f"{seq}{shard}" not in item:
        return Mark()
    return Mark(item[f"{seq}{shard}"], item[f"{count}{shard}"])
