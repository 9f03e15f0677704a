"""Kinds of binlog events.

Source: MySQL libs/mysql/binlog/event/binlog_event.h; from 160 on MariaDB sql/log_event.h.
"""

from typing import Literal

QUERY, ROTATE, FORMAT_DESCRIPTION, XID, EXECUTE_LOAD_QUERY, TABLE_MAP, INCIDENT, HEARTBEAT = (
    2,
    4,
    15,
    16,
    18,
    19,
    26,
    27,
)
(
    GTID,
    ANONYMOUS_GTID,
    PREVIOUS_GTIDS,
    XA_PREPARE,
    PARTIAL_UPDATE_ROWS,
    TRANSACTION_PAYLOAD,
    HEARTBEAT_2,
    GTID_TAGGED,
) = (
    33,
    34,
    35,
    38,
    39,
    40,
    41,
    42,
)
MARIADB_GTID, QUERY_COMPRESSED = 162, 165

ROWS: dict[int, Literal["c", "u", "d"]] = {23: "c", 24: "u", 25: "d", 30: "c", 31: "u", 32: "d"}
FIRST_WITH_EXTRA = 30
"""From here on a row event has a field of extra data before its columns."""
COMPRESSED_ROWS: dict[int, Literal["c", "u", "d"]] = {166: "c", 167: "u", 168: "d"}
OPERATIONS: dict[int, Literal["c", "u", "d"]] = {
    **ROWS,
    **COMPRESSED_ROWS,
    PARTIAL_UPDATE_ROWS: "u",
}

NO_ROWS = frozenset((3, 5, 9, 13, 14, 17, 28, 29, 36, 37, 160, 161, 163, 164))
"""STOP, INTVAR, RAND, USER_VAR, BEGIN_LOAD_QUERY, APPEND_BLOCK, IGNORABLE, ROWS_QUERY,
TRANSACTION_CONTEXT, VIEW_CHANGE, ANNOTATE_ROWS, BINLOG_CHECKPOINT, GTID_LIST, START_ENCRYPTION (the
server decrypts before it sends).
"""

QUERIES = frozenset((QUERY, QUERY_COMPRESSED))
BEGINNINGS = frozenset((GTID, ANONYMOUS_GTID, GTID_TAGGED, MARIADB_GTID))
"""With one of these a transaction begins."""

UNDONE_ROWS = -1
"""No event of a server: rows that were rolled back, which count as a row event and are none."""

IGNORABLE_FLAG, ARTIFICIAL_FLAG, THREAD_SPECIFIC_FLAG = 0x80, 0x20, 0x04
"""What a reader that does not know the event may pass over; what the server made up for this
connection; a statement that depends on its session.
"""
