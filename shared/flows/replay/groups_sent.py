"""Groups sent: which message groups a replay has sent changes to, in little room.

The job is one item of DynamoDB, which holds 400 KB. By name, the groups of 200 tables would fill
it. So a table has a bit for each of its shards.
"""

from collections.abc import Iterable, Sequence

import msgspec

from shared.values.archive_pages import TableName
from shared.values.message_group import group_prefix
from shared.values.replay_work import ReplayWork


def with_groups(work: ReplayWork, source: str, groups: Iterable[str]) -> ReplayWork:
    """The work with these groups of its present table. source: of its tables."""
    prefix = _prefix(source, work.choice.tables[work.at])
    bits, named = int(work.shards.get(work.at, "0"), 16), dict(work.groups)
    for group in groups:
        of, _, shard = group.rpartition("-")
        if of == prefix and shard.isdecimal():
            bits |= 1 << int(shard)
        else:  # of a version that named groups in another way
            named[group] = work.at
    return msgspec.structs.replace(work, groups=named, shards={**work.shards, work.at: f"{bits:x}"})


def groups_of(work: ReplayWork, source: str) -> dict[str, int]:
    """Message group → place of its table, of all that was sent."""
    found = dict(work.groups)
    for at, shards in work.shards.items():
        prefix = _prefix(source, work.choice.tables[at])
        found |= {f"{prefix}-{shard}": at for shard in _set(int(shards, 16))}
    return found


def _prefix(source: str, table: TableName) -> str:
    return group_prefix(source, table.database, table.table)


def _set(bits: int) -> Sequence[int]:
    return [place for place in range(bits.bit_length()) if bits >> place & 1]
