"""Changes for the archive: landed messages whose ids and numbers a test can recompute."""

import random
import uuid
from collections.abc import Iterable, Iterator

from shared.adapters.landing.contract import Landing
from shared.values import landing_encoding
from shared.values.change import Change, Transaction
from shared.values.message import Message
from shared.values.seq import make_seq

STREAM, DATABASE, TABLE = "shop", "market", "listings"
EPOCH = 900_000_000
BEGAN_MS = 1_790_000_000_000


def change(n: int, *, epoch: int = EPOCH, rows: int = 1_000) -> Change:
    """The n-th change of an epoch: an update of one of so many rows."""
    row = {"id": n % rows, "title": f"title {n}", "price": n}
    return Change(
        id=f"tx-{epoch}-{n}",
        seq=make_seq(epoch, n),
        op="u",
        ts_ms=BEGAN_MS + n,
        key={"id": n % rows},
        before={**row, "price": n - 1},
        after=row,
        tx=Transaction(f"bin.000001:{n}", 0, True),
    )


def message(changes: list[Change], *, stream: str = STREAM, table: str = TABLE) -> Message:
    """One message with these changes."""
    return Message(stream, stream, DATABASE, table, 1, f"{table}-0", None, changes)


def land(landing: Landing, numbers: Iterable[int], *, batch: int = 500, **how: int) -> list[str]:
    """Land these changes in objects of a batch each, as the sink does; returns the names."""
    names = []
    for some in _batches(list(numbers), batch):
        changes = [change(n, **how) for n in some]
        name = landing_encoding.name_of([(STREAM, each) for each in changes])
        landing.put(name, landing_encoding.encode([message(changes)]))
        names.append(name)
    return names


def shuffled(numbers: Iterable[int], seed: int) -> list[int]:
    """The numbers in a random order, the same for the same seed."""
    mixed = list(numbers)
    random.Random(seed).shuffle(mixed)
    return mixed


def own_name(prefix: str = "lake") -> str:
    """A name of a test's own."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def _batches(numbers: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
