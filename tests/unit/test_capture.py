"""What leaves of a row, and what is refused."""

import pytest

from shared.domain.masking import REDACTED
from shared.domain.projection import Projection
from shared.values.errors import ConfigError, SourceError
from shared.values.message_group import shard_of
from shared.values.settings import TableSettings
from shared.values.table import Column, Table

TABLE = Table(
    "shop",
    "sellers",
    tuple(Column(name, "varchar") for name in ("id", "email", "iban", "note")),
    ("id",),
)
ROW = {"id": 7, "email": "a@b", "iban": "DE1", "note": None}


def test_a_plain_table_leaves_as_it_is() -> None:
    plan = Projection(TABLE, TableSettings())
    assert plan.project(ROW) is ROW
    assert plan.key(ROW) == {"id": 7}
    assert plan.shard(ROW) == shard_of([7], 64)
    assert plan.table == TABLE


def test_dropped_and_masked_columns_do_not_leave() -> None:
    settings = TableSettings(drop=("note",), mask={"email": "hash", "iban": "redact"})
    plan = Projection(TABLE, settings, b"k")
    left = plan.project(ROW)
    assert left == {"id": 7, "email": left["email"], "iban": REDACTED}
    assert ROW["email"] == "a@b"
    assert left["email"] != "a@b"
    assert left["email"] == Projection(TABLE, settings, b"k").project(ROW)["email"]
    assert left["email"] != Projection(TABLE, settings, b"l").project(ROW)["email"]
    assert [column.name for column in plan.table.columns] == ["id", "email", "iban"]


def test_null_stays_null_under_every_mask() -> None:
    plan = Projection(TABLE, TableSettings(mask={"note": "hash", "email": "null"}), b"k")
    assert plan.project(ROW) == {**ROW, "email": None}


def test_a_masked_key_is_masked_in_key_and_row_alike() -> None:
    plan = Projection(TABLE, TableSettings(mask={"id": "hash"}), b"k")
    assert plan.key(ROW) == {"id": plan.project(ROW)["id"]}
    assert plan.shard(ROW) == shard_of([7], 64)


def test_shard_by_other_columns_may_be_dropped() -> None:
    plan = Projection(TABLE, TableSettings(shard_by=("email",), drop=("email",), shards=8))
    assert plan.shard(ROW) == shard_of(["a@b"], 8)


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        (TableSettings(drop=("id",)), ConfigError, "part of the key"),
        (TableSettings(mask={"id": "redact"}), ConfigError, "part of the key"),
        (TableSettings(mask={"email": "blur"}), ConfigError, "no mask"),
        (TableSettings(mask={"email": "hash"}), ConfigError, "mask_key"),
        (TableSettings(shard_by=("nope",)), ConfigError, "nope"),
        (TableSettings(key=("nope",)), ConfigError, "nope"),
    ],
)
def test_what_cannot_work_is_refused(
    settings: TableSettings, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        Projection(TABLE, settings)


def test_a_table_without_a_key_is_refused() -> None:
    keyless = Table("shop", "log", TABLE.columns)
    with pytest.raises(SourceError, match="no primary key"):
        Projection(keyless, TableSettings())
    assert Projection(keyless, TableSettings(key=("email",))).key(ROW) == {"email": "a@b"}


def test_a_hidden_column_that_the_table_has_lost_does_not_stop_the_stream() -> None:
    plan = Projection(TABLE, TableSettings(drop=("gone",), mask={"lost": "redact"}))
    assert plan.project(ROW) == ROW
