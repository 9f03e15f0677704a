"""GTID events: which transaction begins, and when it was committed."""

import struct
from typing import NamedTuple
from uuid import UUID


class MysqlGtid(NamedTuple):
    """`uuid`, `tag` ("" for none) and `number` name the transaction.

    `ts_ms` its commit on the server where it came from (0: not recorded).
    """

    uuid: str
    tag: str
    number: int
    ts_ms: int

    def __str__(self) -> str:
        return f"{self.uuid}:{self.tag}:{self.number}" if self.tag else f"{self.uuid}:{self.number}"


class MariadbGtid(NamedTuple):
    """The GTID of a MariaDB.

    `domain` and the `text` DOMAIN-SERVER-NUMBER; `standalone` when no COMMIT follows; `prepared`
    for an XA transaction. `is_vain`: its ALTER TABLE only starts here, or was rolled back.
    """

    domain: int
    text: str
    standalone: bool
    prepared: bool
    is_vain: bool = False

    def __str__(self) -> str:
        return self.text


_MYSQL = struct.Struct("<B16sq").unpack_from
_MARIADB = struct.Struct("<QIB").unpack_from
_STANDALONE, _GROUP_COMMIT, _PREPARED, _COMPLETED = 1, 2, 64, 128
_HEAD, _COMMIT_ID = 13, 8
_START_ALTER, _ROLLBACK_ALTER = 2, 8
_HOLDS_STATEMENTS = 1
_ORIGINAL_FOLLOWS = 1 << 55


def mysql(body: bytes) -> MysqlGtid:
    """GTID_LOG_EVENT and ANONYMOUS_GTID_LOG_EVENT.

    Source: MySQL libs/mysql/binlog/event/control_events.h, Gtid_event.
    """
    _, sid, number = _MYSQL(body, 0)
    ts_ms = 0
    if len(body) >= 49 and body[25] == 2:
        ts = int.from_bytes(body[42:49], "little")
        if ts & _ORIGINAL_FOLLOWS:
            ts = int.from_bytes(body[49:56], "little")
        ts_ms = ts // 1000
    return MysqlGtid(_uuid(sid), "", number, ts_ms)


def may_hold_statements(body: bytes) -> bool:
    """Whether statements may stand among the rows, by the flag in front of a MySQL GTID event."""
    return bool(body[0] & _HOLDS_STATEMENTS)


_uuids: dict[bytes, str] = {}


def _uuid(raw: bytes) -> str:
    if raw not in _uuids:
        _uuids[raw] = str(UUID(bytes=raw))
    return _uuids[raw]


def mysql_tagged(body: bytes) -> MysqlGtid:
    """GTID_TAGGED_LOG_EVENT, in MySQL's self-describing format.

    A version, the size, the last field that must be understood, then (field id, value).

    Source: MySQL libs/mysql/serialization, and Gtid_event::define_fields.
    """
    at = 0
    values: dict[int, int] = {}
    _, at = _varint(body, at)
    size, at = _varint(body, at)
    _, at = _varint(body, at)
    sid, tag = bytes(16), ""
    while at < min(size, len(body)):
        field, at = _varint(body, at)
        if field == 1:
            octets = []
            for _ in range(16):
                octet, at = _varint(body, at)
                octets.append(octet)
            sid = bytes(octets)
        elif field == 3:
            length, at = _varint(body, at)
            tag = body[at : at + length].decode("ascii")
            at += length
        elif field in (2, 4, 5, 6, 7):
            values[field], at = (
                _signed_varint(body, at) if field in (2, 4, 5) else _varint(body, at)
            )
        else:
            values[field], at = _varint(body, at)
    return MysqlGtid(_uuid(sid), tag, values[2], (values.get(7) or values.get(6, 0)) // 1000)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """MySQL's variable-length integer.

    As many low bits set as bytes follow the first, then the value, little-endian.
    """
    first = data[at]
    size = 1
    while size < 9 and first >> size - 1 & 1:
        size += 1
    if size == 9:
        return int.from_bytes(data[at + 1 : at + 9], "little"), at + 9
    return int.from_bytes(data[at : at + size], "little") >> size, at + size


def _signed_varint(data: bytes, at: int) -> tuple[int, int]:
    """A signed integer, whose sign is in the lowest bit."""
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def mariadb(body: bytes, server_id: int) -> MariadbGtid:
    """GTID_EVENT of MariaDB. Source: MariaDB sql/log_event.h, Gtid_log_event."""
    number, domain, flags = _MARIADB(body, 0)
    extra = _HEAD + (_COMMIT_ID if flags & _GROUP_COMMIT else 0)
    is_xa = flags & (_PREPARED | _COMPLETED)
    more = body[extra] if len(body) > extra and not is_xa else 0
    return MariadbGtid(
        domain,
        f"{domain}-{server_id}-{number}",
        bool(flags & _STANDALONE),
        bool(flags & _PREPARED),
        bool(more & (_START_ALTER | _ROLLBACK_ALTER)),
    )
