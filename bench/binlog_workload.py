"""Workloads: what is written to a server before its binlog is read, always the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.servers.database_server import DatabaseServer
from shared.values.position import Position

DATABASE, TABLE = "bench", "listings"

_TABLE = f"""CREATE TABLE {DATABASE}.{TABLE} (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    seller_id INT UNSIGNED NOT NULL,
    title VARCHAR(120) NOT NULL,
    description TEXT NOT NULL,
    price DECIMAL(10, 2) NOT NULL,
    currency CHAR(3) NOT NULL,
    status ENUM('draft', 'active', 'sold') NOT NULL,
    views INT NOT NULL,
    rating DOUBLE NOT NULL,
    sold_at DATETIME NULL,
    updated_at TIMESTAMP NOT NULL,
    attributes JSON NOT NULL
)"""

# of a row's number n; every tenth row was sold, the others have a NULL
_VALUES = """{n}, {n} MOD 9973, CONCAT('Listing ', {n}, ELT(1 + {n} MOD 3, ' Straße', ' bike', ' used')),
    CONCAT('A fine thing, number ', {n}, REPEAT(', well kept', 1 + {n} MOD 5)), ({n} * 7919 MOD 1000000) / 100, 'EUR',
    1 + {n} MOD 3, {n} MOD 1000, {n} MOD 1000 / 7, IF({n} MOD 10 = 0, '2024-03-01 12:00:00' + INTERVAL {n} SECOND, NULL),
    '2024-05-01 10:00:00' + INTERVAL {n} SECOND,
    JSON_OBJECT('brand', CONCAT('brand ', {n} MOD 97), 'weight', {n} MOD 5000, 'used', {n} MOD 2, 'tags', JSON_ARRAY('a', 'b', {n} MOD 12),
        'size', JSON_OBJECT('w', {n} MOD 300, 'h', {n} MOD 200))"""  # noqa: E501
_SET = "views = views + 1, price = price + 1, updated_at = updated_at + INTERVAL 60 SECOND"

_BLOCK = 1000  # rows of the table of numbers

# of ten statements five create a row, four update one of these, one deletes one
_PROCEDURE = f"""CREATE PROCEDURE {DATABASE}.single_rows(IN first BIGINT, IN amount BIGINT)
BEGIN
    DECLARE n BIGINT DEFAULT first;
    WHILE n < first + amount DO
        IF n MOD 50 = 0 THEN START TRANSACTION; END IF;
        IF n MOD 10 < 5 THEN INSERT INTO {DATABASE}.{TABLE} VALUES ({_VALUES.format(n="n")});
        ELSEIF n MOD 10 < 9 THEN UPDATE {DATABASE}.{TABLE} SET {_SET} WHERE id = n - 5;
        ELSE DELETE FROM {DATABASE}.{TABLE} WHERE id = n - 5;
        END IF;
        SET n = n + 1;
        IF n MOD 50 = 0 THEN COMMIT; END IF;
    END WHILE;
    COMMIT;
END"""


@dataclass(frozen=True)
class BinlogWorkload:
    """Changes of one table of 12 columns: half inserts, four in ten updates, one in ten deletes.

    rows: Rows of a statement. Statements of one row come in transactions of 50, those of many rows
        each in one of its own.
    one_transaction: One transaction holds all.
    """

    name: str
    changes: int
    rows: int = 1
    one_transaction: bool = False


@dataclass(frozen=True)
class Written:
    """A workload in a server's binlog, between two positions."""

    workload: BinlogWorkload
    start: Position
    end: Position


def prepare(server: DatabaseServer) -> None:
    """An empty table and what fills it; none of it in the binlog but the table."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
        cursor.execute(_TABLE)
        cursor.execute("SET sql_log_bin = 0")
        cursor.execute(f"CREATE TABLE {DATABASE}.numbers (n INT PRIMARY KEY)")
        cursor.execute(
            f"INSERT INTO {DATABASE}.numbers VALUES {', '.join(f'({n})' for n in range(_BLOCK))}"
        )
        cursor.execute(_PROCEDURE)


def write(server: DatabaseServer, workload: BinlogWorkload) -> Written:
    """Write the workload into an empty table and an empty binlog.

    Not every reader begins at the position that it is given.
    """
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE TABLE {DATABASE}.{TABLE}")
        cursor.execute(
            "RESET MASTER" if server.kind == "mariadb" else "RESET BINARY LOGS AND GTIDS"
        )
        start = _end(cursor)
        if workload.rows == 1:
            cursor.execute(f"CALL {DATABASE}.single_rows(0, {workload.changes})")
        else:
            if workload.one_transaction:
                cursor.execute("START TRANSACTION")
            for statement in _statements(workload):
                cursor.execute(statement)
            cursor.execute("COMMIT")
        return Written(workload, start, _end(cursor))


def fill(server: DatabaseServer, rows: int) -> None:
    """Exactly so many rows in the table, without a trace in the binlog."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE TABLE {DATABASE}.{TABLE}")
        cursor.execute("SET sql_log_bin = 0")
        for first in range(0, rows, _BLOCK):
            cursor.execute(
                f"INSERT INTO {DATABASE}.{TABLE} SELECT {_VALUES.format(n=f'({first} + n)')} FROM "
                f"{DATABASE}.numbers WHERE n < {min(_BLOCK, rows - first)}"
            )


def _statements(workload: BinlogWorkload) -> Iterator[str]:
    table, rows = f"{DATABASE}.{TABLE}", workload.rows
    if not 1 < rows <= _BLOCK:
        raise ValueError("rows")
    for number, first in enumerate(range(0, workload.changes, rows)):
        of, most = number % 10, min(rows, workload.changes - first)
        if of < 5:
            yield (
                f"INSERT INTO {table} SELECT {_VALUES.format(n=f'({first} + n)')} FROM "
                f"{DATABASE}.numbers WHERE n < {most}"
            )
        else:
            where = f"id >= {first - 5 * rows} AND id < {first - 5 * rows + most}"
            yield (
                f"UPDATE {table} SET {_SET} WHERE {where}"
                if of < 9
                else f"DELETE FROM {table} WHERE {where}"
            )


def _end(cursor: Any) -> Position:
    """Where the server's binlog ends now; MySQL since 8.2 has another word for it."""
    cursor.execute("SELECT VERSION() LIKE '%MariaDB%'")
    cursor.execute("SHOW MASTER STATUS" if cursor.fetchone()[0] else "SHOW BINARY LOG STATUS")
    file, offset, *_ = cursor.fetchone()
    return Position(file=file, offset=int(offset))
