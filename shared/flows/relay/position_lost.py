"""Position lost: the way out for a stream whose place is not in the binlog any more."""

from shared.values.errors import PositionLost
from shared.values.stream import relay_of


def with_way_out(error: PositionLost, stream: str) -> PositionLost:
    """The error, with what a person does first; the hint that it has comes behind."""
    hint = (
        f"Start again with `rowline source reset {relay_of(stream)}` and backfill the "
        f"consumers. {error.hint}"
    )
    return PositionLost(error.what, thing=error.thing or f"stream {stream}", hint=hint.strip())
