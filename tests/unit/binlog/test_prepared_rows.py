"""Where a prepared XA transaction is looked for."""

from struct import pack

import pytest

from shared.adapters.binlog import kinds, prepared_rows, xa
from shared.adapters.binlog.packets import RawEvent
from shared.values.errors import SourceError

NAME = xa.Xid(b"a", b"", 1)
Known = tuple[bool, xa.XaPlace | None]


class File:
    """Events of one binlog file."""

    def __init__(self, name: str) -> None:
        body = pack("<Q", 4) + name.encode()
        self.events: list[RawEvent] = [(kinds.ROTATE, 0, 1, 40, 0, 0x20, body, 0, len(body))]
        self.end = 4

    def transaction(self, *events: tuple[int, bytes]) -> int:
        """Where it begins."""
        begin = self.end
        for kind, body in ((kinds.MARIADB_GTID, b""), *events):
            self.end += 50
            self.events.append((kind, 1, 1, 50, self.end, 0, body, 0, len(body)))
        return begin

    def prepare(self) -> int:
        return self.transaction(
            (kinds.TABLE_MAP, b"map"), (kinds.XA_PREPARE, pack("<Biii", 0, 1, 1, 0) + b"a")
        )

    def statement(self, sql: str) -> int:
        head = pack("<IIBHH", 1, 0, 0, 0, 0) + b"\0"
        return self.transaction((kinds.QUERY, head + sql.encode()))


def test_a_name_that_was_finished_since_holds_no_rows() -> None:
    file = File("bin.000001")
    early = file.prepare()
    commit = file.statement("XA COMMIT X'61',X'',1")
    late = file.statement("INSERT")

    def found(before: int) -> Known:
        return prepared_rows.find(file.events, NAME, ("bin.000001", before))

    assert found(early) == (False, None)
    assert found(commit) == (True, ("bin.000001", early))
    assert found(late) == (True, None)


def test_files_are_numbered_beyond_six_digits() -> None:
    file = File("bin.999999")
    begin = file.prepare()
    found = prepared_rows.find(file.events, NAME, ("bin.1000000", 4))
    assert found == (True, ("bin.999999", begin))


def test_a_transaction_that_was_not_prepared_is_an_error_not_its_rows() -> None:
    file = File("bin.000001")
    file.transaction((kinds.TABLE_MAP, b"map"), (kinds.XID, bytes(8)))
    file.prepare()
    with pytest.raises(SourceError, match="holds another transaction"):
        list(prepared_rows.rows(file.events))
