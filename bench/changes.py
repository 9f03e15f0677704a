"""Changes of the demo's listings, as messages of the archive."""

import random
from typing import Any

import msgspec

from local.demo import marketplace
from shared.values.change import Change, Transaction
from shared.values.message import Message
from shared.values.seq import make_seq

STREAM, EPOCH, BEGAN_MS = "shop", 900_000_000, 1_790_000_000_000
ROWS, OBJECT = 20_000, 2_000
DAY_MS = 86_400_000
COLUMNS = (
    "seller_id", "title", "description", "status", "tags", "price", "currency", "stock", "weight",
    "created",
)  # fmt: skip


class ListingChanges:
    """Updates of the demo's listings, as changes. lines: bytes of them as JSON lines."""

    def __init__(self) -> None:
        self._dice = random.Random(1)
        self._rows: dict[int, dict[str, Any]] = {}
        self.n = self.lines = 0

    def messages(self, many: int) -> list[Message]:
        return [self._message() for _ in range(many)]

    def _message(self) -> Message:
        dice = self._dice
        self.n += 1
        id = dice.randrange(1, ROWS + 1)
        before = self._rows.get(id)
        if before is None:
            values = marketplace.listing(dice, 1_000)
            row = {"id": id, **dict(zip(COLUMNS, values, strict=True))}
        else:
            price = f"{dice.randrange(1, 9_000_000) / 100:.2f}"
            row = {**before, "price": price, "stock": dice.randrange(500)}
        self._rows[id] = row
        change = Change(
            f"0-1-{self.n}@{BEGAN_MS + 10 * self.n}/0.0",
            make_seq(EPOCH, self.n),
            "c" if before is None else "u",
            BEGAN_MS + 10 * self.n,
            {"id": id},
            before,
            row,
            Transaction(f"0-1-{self.n}@{BEGAN_MS + 10 * self.n}", 0, True),
        )
        group = f"market.listings-{id % 64}"
        message = Message(STREAM, STREAM, "market", "listings", 1, group, None, [change])
        self.lines += len(msgspec.json.encode(message)) + 1
        return message
