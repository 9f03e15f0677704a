"""Hidden columns (long: every DDL): no dropped or masked value leaves under another name."""

import pytest

from shared.adapters.binlog.contract import Due, SchemaChanged
from shared.adapters.binlog.statements import Names, read
from shared.domain.hidden_columns_renamed import HiddenColumns
from shared.domain.table_plan import CannotNumber
from shared.values.column_changes import ColumnChanges
from shared.values.settings import TableSettings
from shared.values.table import Column, Table
from tests.worlds.twins.state import MemorySchemas

HIDES = {"k.t": TableSettings(drop=("ssn",)), "k.u": TableSettings()}
WAY_OUT = r"drop or mask of tables: k\.t\..*clear: \[city\]"


def table(*columns: str, name: str = "t") -> Table:
    """Columns `NAME` or `NAME:KIND`."""
    made = [Column(one.partition(":")[0], one.partition(":")[2] or "text") for one in columns]
    return Table("k", name, tuple(made), ("id",))


class ExaminingRelay:
    """Examines as one relay after another does, with the same state."""

    def __init__(self, tables: dict[str, TableSettings] = HIDES) -> None:
        self.schemas, self.tables = MemorySchemas(), tables
        self.start()

    def start(self, tables: dict[str, TableSettings] | None = None) -> None:
        self.tables = tables or self.tables
        self.hidden = HiddenColumns(self.schemas, "shop", self.tables)

    def rows(self, *columns: str, name: str = "t") -> None:
        self.hidden.examine(table(*columns, name=name))

    def sql(self, text: str) -> None:
        for each in read(text.encode(), names=Names("k")).effects:
            if f"{each.database}.{each.table}" not in self.tables:
                continue
            if each.kind == "changed":
                event = SchemaChanged(each.database, each.table, each.columns)
                self.hidden.altered(event)
            elif each.kind == "due":
                was = ".".join(each.was or ())
                self.hidden.replaced(Due(each.database, each.table, each.why, was))

    def refusal(self, name: str = "k.t") -> str:
        found = HiddenColumns(self.schemas, "shop", self.tables).refusal(name, self.tables[name])
        return found.what if found else ""


@pytest.fixture
def relay() -> ExaminingRelay:
    made = ExaminingRelay()
    made.rows("id", "ssn", "name")
    return made


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE t RENAME COLUMN ssn TO city",
        "ALTER TABLE t RENAME COLUMN `ssn` TO `city`, ADD x INT",
        "ALTER TABLE t CHANGE ssn city VARCHAR(20)",
        "ALTER TABLE t CHANGE COLUMN IF EXISTS SSN city TEXT AFTER id",
        "ALTER TABLE t WAIT 5 RENAME COLUMN ssn TO city, RENAME COLUMN name TO ssn",
        "ALTER TABLE t CHANGE ssn city TEXT, CHANGE name ssn TEXT",
    ],
)
def test_a_statement_that_renames_a_hidden_column_stops_its_table(
    relay: ExaminingRelay, sql: str
) -> None:
    with pytest.raises(CannotNumber, match=r"column ssn.*renamed to city") as stopped:
        relay.sql(sql)
    assert stopped.value.table == "k.t"
    assert "clear: [city]" in stopped.value.hint
    relay.start()
    with pytest.raises(CannotNumber, match="column city may be ssn"):
        relay.rows("id", "city", "name")
    assert "column city" in relay.refusal()


def test_it_is_captured_again_once_the_new_name_is_hidden_or_cleared(relay: ExaminingRelay) -> None:
    for settings in (TableSettings(drop=("city",)), TableSettings(clear=("city",))):
        relay.start(HIDES)
        with pytest.raises(CannotNumber):
            relay.sql("ALTER TABLE t RENAME COLUMN ssn TO city")
        relay.start(HIDES | {"k.t": settings})
        assert relay.refusal() == ""
    relay.rows("id", "city", "name")


def test_a_rename_that_the_stanza_foresees_stops_nothing(relay: ExaminingRelay) -> None:
    relay.start({"k.t": TableSettings(drop=("ssn",), mask={"city": "hash"})})
    relay.sql("ALTER TABLE t RENAME COLUMN ssn TO city")
    relay.rows("id", "city", "name")


def test_a_swap_by_several_statements_stops_at_the_first(relay: ExaminingRelay) -> None:
    with pytest.raises(CannotNumber, match=r"column ssn.*renamed to tmp"):
        relay.sql("ALTER TABLE t CHANGE ssn tmp TEXT")


def test_a_rename_in_another_case_stops_the_table(relay: ExaminingRelay) -> None:
    with pytest.raises(CannotNumber, match="renamed to SSN"):
        relay.sql("ALTER TABLE t CHANGE ssn SSN TEXT")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (("id", "city", "name"), "column city may be ssn.*it came"),
        (("id", "ssn", "name", "city"), "column city may be ssn.*it came"),
        (("id", "name", "ssn"), "column name may be ssn.*place or type"),
        (("id", "ssn:int", "name:int"), "column name may be ssn.*place or type"),
        (("id", "name"), "column id may be ssn.*place or type"),
    ],
)
def test_what_no_statement_explains_stops_the_table(
    relay: ExaminingRelay, columns: tuple[str, ...], says: str
) -> None:
    """As after a DDL with sql_log_bin = 0, or while the table was not captured."""
    relay.start()
    for _ in range(2):
        with pytest.raises(CannotNumber, match=says):
            relay.rows(*columns)


def test_a_new_name_that_went_again_is_forgotten(relay: ExaminingRelay) -> None:
    with pytest.raises(CannotNumber):
        relay.rows("id", "city", "name")
    relay.rows("id", "ssn", "name")


def test_added_dropped_and_renamed_open_columns_stop_nothing(relay: ExaminingRelay) -> None:
    relay.sql("ALTER TABLE t ADD city TEXT AFTER ssn, ADD COLUMN (a INT, b INT DEFAULT 3)")
    relay.start()  # killed in between
    relay.sql("ALTER TABLE t RENAME COLUMN name TO label")
    relay.rows("id", "ssn", "city", "label", "a", "b")
    relay.sql("ALTER TABLE t DROP COLUMN ssn, MODIFY city INT FIRST")
    relay.rows("city:int", "id", "label", "a", "b")
    relay.sql("ALTER TABLE t ADD COLUMN ssn TEXT")
    relay.rows("city:int", "id", "label", "a", "b", "ssn")


def test_a_relay_that_reads_again_meets_former_column_sets(relay: ExaminingRelay) -> None:
    relay.sql("ALTER TABLE t RENAME COLUMN name TO label")
    relay.rows("id", "ssn", "label")
    relay.start()
    relay.rows("id", "ssn", "name")
    relay.sql("ALTER TABLE t RENAME COLUMN name TO label")
    relay.rows("id", "ssn", "label")


@pytest.mark.parametrize(
    "definition", ["TEXT AS (upper(ssn))", "TEXT DEFAULT (concat(ssn, name))", "TEXT AS (`ssn`)"]
)
def test_a_new_column_made_of_a_hidden_one_stops_the_table(
    relay: ExaminingRelay, definition: str
) -> None:
    relay.sql(f"ALTER TABLE t ADD COLUMN city {definition}")
    with pytest.raises(CannotNumber, match="column city"):
        relay.rows("id", "ssn", "name", "city")


def test_another_table_under_the_name(relay: ExaminingRelay) -> None:
    """gh-ost, pt-online-schema-change: what happened to it under its former name was not read."""
    relay.sql("RENAME TABLE t TO _t_del, _t_gho TO t")
    relay.rows("id", "name", "ssn")
    relay.sql("RENAME TABLE t TO _t_del, _t_gho TO t")
    with pytest.raises(CannotNumber, match="column city"):
        relay.rows("id", "city", "ssn", "name")


@pytest.mark.parametrize(
    "sql", ["RENAME TABLE t TO z, u TO t, z TO u", "ALTER TABLE t RENAME TO u"]
)
def test_a_table_brings_its_hidden_columns_under_another_name(
    relay: ExaminingRelay, sql: str
) -> None:
    relay.rows("id", "ssn", name="u")
    with pytest.raises(CannotNumber, match=r"column ssn came from k\.t") as stopped:
        relay.sql(sql)
    assert stopped.value.table == "k.u"
    assert "ssn" in relay.refusal("k.u")
    relay.start(HIDES | {"k.u": TableSettings(mask={"ssn": "null"})})
    assert relay.refusal("k.u") == ""


def test_a_renamed_column_stays_a_suspect_when_its_table_is_renamed(relay: ExaminingRelay) -> None:
    with pytest.raises(CannotNumber):
        relay.sql("ALTER TABLE t CHANGE ssn city TEXT, RENAME TO u")
    with pytest.raises(CannotNumber, match=r"column city came from k\.t"):
        relay.sql("RENAME TABLE t TO u")


def test_a_name_that_another_table_hides_may_have_come_with_it(relay: ExaminingRelay) -> None:
    relay.rows("id", "note", name="u")
    with pytest.raises(CannotNumber, match="column ssn"):
        relay.rows("id", "ssn", name="u")
    relay.rows("id", "other", name="u")


def test_a_table_made_again_has_the_columns_that_the_statement_says(relay: ExaminingRelay) -> None:
    relay.sql("CREATE TABLE t (id INT PRIMARY KEY, ssn TEXT, city TEXT, KEY (city))")
    relay.rows("id:int", "ssn", "city")
    relay.sql("CREATE TABLE t LIKE other")
    with pytest.raises(CannotNumber, match="column more"):
        relay.rows("id:int", "ssn", "city", "more")


def test_the_first_rows_must_have_the_hidden_columns() -> None:
    relay = ExaminingRelay()
    with pytest.raises(CannotNumber, match="no column ssn, which its stanza hides"):
        relay.rows("id", "social")
    relay.rows("id", "ssn", "social")


def test_what_left_under_a_former_version_is_known() -> None:
    relay = ExaminingRelay()
    relay.schemas.version_of("shop", table("id", "name"))
    relay.rows("id", "name", "ssn")
    relay = ExaminingRelay()
    relay.schemas.version_of("shop", table("id", "name"))
    with pytest.raises(CannotNumber, match="column city"):
        relay.rows("id", "name", "city")


def test_a_source_that_hides_nothing_keeps_nothing() -> None:
    relay = ExaminingRelay({"k.t": TableSettings()})
    relay.rows("id", "ssn")
    relay.sql("ALTER TABLE t RENAME COLUMN ssn TO city")
    relay.rows("id", "city")
    assert relay.schemas.column_history("shop", "k", "t") is None


def test_a_job_stores_nothing() -> None:
    relay = ExaminingRelay()
    HiddenColumns(relay.schemas, "shop", HIDES, keep=False).examine(table("id", "ssn"))
    assert relay.schemas.column_history("shop", "k", "t") is None


@pytest.mark.parametrize(
    ("sql", "added"),
    [
        ("ALTER TABLE t ADD `a b` INT NOT NULL, ADD INDEX (x), ADD UNIQUE u (y)", ["a b"]),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT", ["a"]),
        ("ALTER TABLE t ADD PERIOD FOR SYSTEM_TIME (a, b), ADD SYSTEM VERSIONING", []),
        ("ALTER TABLE t ADD period INT, ADD `system` INT", ["period", "system"]),
        ("ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES o (id)", []),
        ("CREATE TABLE t (a INT, PRIMARY KEY (a)) SELECT 1 AS b", None),
    ],
)
def test_added_columns(sql: str, added: list[str] | None) -> None:
    (changed,) = [e for e in read(sql.encode(), names=Names("k")).effects if e.kind == "changed"]
    found = changed.columns
    assert (found and [name for name, _ in found.added]) == added
    assert found is None or isinstance(found, ColumnChanges)
