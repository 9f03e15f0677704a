"""Masking changed: columns that `drop`, `mask` or the key of `hash` now change."""

from shared.values.settings import TableSettings


def hidden_differently(
    before: TableSettings, now: TableSettings, *, rehashed: bool = False
) -> list[str]:
    """The columns that leave in another form now than before.

    rehashed: whether the key of mask `hash` has changed.
    """
    named = {*before.drop, *before.mask, *now.drop, *now.mask}
    return sorted(
        column
        for column in named
        if _fate(before, column) != _fate(now, column)
        or (rehashed and _fate(now, column) == "hash")
    )


def _fate(table: TableSettings, column: str) -> str:
    return "drop" if column in table.drop else table.mask.get(column, "")
