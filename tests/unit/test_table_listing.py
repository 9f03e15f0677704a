"""Listing: a table that is named in full must be there, a pattern may match nothing."""

import pytest

from shared.flows.source.table_listing import list_tables
from shared.values.errors import SourceError
from shared.values.table import Column, Table
from tests.worlds.twins.database import MemoryDatabase


def database() -> MemoryDatabase:
    made = MemoryDatabase()
    made.create(Table("shop", "items", (Column("id", "int"),), ("id",)))
    return made


def test_a_table_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceError, match=r"shop\.itmes"):
        list_tables(database(), None, ["shop.items", "shop.itmes"])


def test_a_pattern_may_match_nothing() -> None:
    assert [
        one.table for one in list_tables(database(), None, ["shop.items", "store.*"]).tables
    ] == ["shop.items"]
