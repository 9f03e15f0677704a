"""Change trace: what `rowline trace` says of one change."""

from typing import Literal

import msgspec

Whereabouts = Literal[
    "not read",
    "not published",
    "queued",
    "applied",
    "superseded",
    "filtered",
    "settled",
    "landed",
    "archived",
    "removed",
    "parked",
    "left parking",
    "unknown",
]
"""Where a change is for one consumer.

`settled`: its group's mark has passed it, and no trace says whether the sink took it or held
something newer. `left parking`: it was parked, and was redriven or dropped since. Of the archive
alone: `landed`, it is stored and not in the table yet; `archived`, the table has it; `removed`, the
table had it.
"""


class Step(msgspec.Struct, frozen=True):
    """A step of the way.

    at_ms: when it was done, Unix ms; 0: done, and nothing says when.
    note: what else is known.
    """

    name: str
    at_ms: int
    note: str = ""


class ConsumerTrace(msgspec.Struct, frozen=True):
    """What became of the change in one consumer.

    why: the reason of its state, or what proves it.
    """

    consumer: str
    where: Whereabouts
    steps: list[Step]
    why: str = ""


class ChangeTrace(msgspec.Struct, frozen=True):
    """The way of one change.

    op, table, group, seq, stream: empty or 0 where nothing says.
    traced: whether its message was traced; otherwise the steps are what state and binlog prove.
    notes: what could not be asked.
    """

    id: str
    stream: str
    table: str
    op: str
    seq: int
    group: str
    traced: bool
    steps: list[Step]
    consumers: list[ConsumerTrace]
    notes: list[str]
