"""What a person meets who tails: a place behind the end is said, and not taken for a binlog without changes."""

import pytest

from shared.adapters.binlog.memory import MemoryServer
from shared.flows.tail import tail
from shared.values.errors import PositionLost
from shared.values.position import Position


def test_a_start_behind_the_end_is_an_error() -> None:
    binlog = MemoryServer().open(["shop.*"])
    with pytest.raises(PositionLost, match=r"memory\.999999:4"):
        tail(binlog, "shop", Position("memory.999999", 4), binlog.latest(), lambda _: None)


def test_a_start_at_the_end_is_none() -> None:
    binlog = MemoryServer().open(["shop.*"])
    tail(binlog, "shop", binlog.latest(), binlog.latest(), lambda _: None)
