"""Where the reading is."""

from shared.adapters.binlog.gtid import MariadbGtids, MysqlGtids
from shared.adapters.binlog.gtid_events import MariadbGtid, MysqlGtid
from shared.values.position import Position


class BinlogPlace:
    """A file, an offset, and the transactions before it (`gtids` is None where the server does not
    tell).
    """

    def __init__(self, start: Position, gtids: MysqlGtids | MariadbGtids | None) -> None:
        self.file, self.offset, self.gtids, self.created = (
            start.file,
            start.offset,
            gtids,
            start.created,
        )

    def move(self, log_pos: int) -> None:
        """Move to `log_pos`, the low 32 bits of an offset; 0 means no place."""
        self.offset = whole(self.offset, log_pos)

    def rotate(self, file: str, offset: int) -> None:
        """Move to another file; its format description, the next event, has its creation time."""
        self.file, self.offset, self.created = file, offset, 0

    def add(self, gtid: MysqlGtid | MariadbGtid | None) -> None:
        """The transaction lies behind now. One without a GTID ends what can be told by GTIDs."""
        if isinstance(gtid, MysqlGtid) and isinstance(self.gtids, MysqlGtids):
            self.gtids.add(gtid.uuid, gtid.tag, gtid.number)
        elif isinstance(gtid, MariadbGtid) and isinstance(self.gtids, MariadbGtids):
            self.gtids.add(gtid.domain, gtid.text)
        else:
            self.gtids = None

    def at(self, offset: int) -> Position:
        """`offset` in this file, with the transactions that lie behind."""
        return Position(
            self.file, offset, str(self.gtids) if self.gtids is not None else "", self.created
        )


def whole(offset: int, log_pos: int) -> int:
    """The first place at or behind `offset` with these low 32 bits, which is all that events carry.

    0 is no place.
    """
    return offset + ((log_pos - offset) & 0xFFFFFFFF) if log_pos else offset


class Until:
    """The end of a reading."""

    def __init__(self, until: Position) -> None:
        self._file, self._offset = _number(until.file), until.offset
        self._gtids = until.gtids
        self._parsed: MysqlGtids | MariadbGtids | None = None

    def reached(self, place: BinlogPlace) -> bool:
        """Whether everything before the end lies behind."""
        if self._file and place.file:
            number = _number(place.file)
            return number > self._file or (number == self._file and place.offset >= self._offset)
        if place.gtids is None:
            return False
        if self._parsed is None:
            self._parsed = type(place.gtids).parse(self._gtids)
        return place.gtids.contains(self._parsed)  # type: ignore[arg-type]


def _number(file: str) -> int:
    return int(file.rpartition(".")[2]) if file else 0
