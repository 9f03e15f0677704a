"""What real servers sent, recorded: MariaDB 11.4 and MySQL 9.7, with every example of
docs/types.md, nulls, compression, DDL.
"""

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from shared.adapters.binlog import xa
from shared.adapters.binlog.binlog_place import BinlogPlace
from shared.adapters.binlog.charset_decoding import Charsets
from shared.adapters.binlog.contract import Event, Heartbeat, Rows
from shared.adapters.binlog.gtid import MariadbGtids
from shared.adapters.binlog.known_tables import KnownTables
from shared.adapters.binlog.packets import Packets
from shared.adapters.binlog.rollbacks import Rollbacks
from shared.adapters.binlog.row_decoder import RowDecoders
from shared.adapters.binlog.statement_effects import Effects
from shared.adapters.binlog.statement_reader import StatementReader
from shared.adapters.binlog.transactions import Transactions
from shared.adapters.database.description import Description
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.position import Position
from shared.values.table import Column, Table
from shared.values.table_pattern import TablePatterns

from .no_server import NoServer

RECORDED = Path(__file__).parent / "recorded"
KINDS = ("mariadb", "mysql")


class Recording:
    """One recording: the packets, what was asked of the server beside them, and the events that
    they are.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.packets = (RECORDED / f"{kind}.packets").read_bytes()
        about = msgspec.json.decode((RECORDED / f"{kind}.json").read_bytes())
        self.start = msgspec.convert(about["start"], Position)
        self._answers: dict[str, Any] = about["answers"]
        self.lines = (RECORDED / f"{kind}.jsonl").read_bytes().splitlines()

    def charsets(self) -> Charsets:
        characters = self._answers["characters"]
        return Charsets(
            {int(number): name for number, name in self._answers["collations"].items()},
            lambda charset, data: characters[charset] if len(data) == 256 else "?",
        )

    def present(self, database: str, table: str, columns: Sequence[str]) -> Description:
        """Only what the reader takes from it: the kinds of columns that look like others."""
        special = self._answers["special"]
        found = (Column(name, special.get(name, "binary")) for name in columns)
        return Description(Table(database, table, tuple(found)))

    def events(self, packets: bytes | None = None) -> Iterator[Event]:
        """What the reader makes of the packets (or of damaged ones); ends where they end."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            theirs.sendall(self.packets if packets is None else packets)
            theirs.close()
            capture = TablePatterns(["shop.*"])
            place = BinlogPlace(
                self.start,
                MariadbGtids.parse(gtids_before(self)) if self.kind == "mariadb" else None,
            )
            transactions = transactions_of(self, capture, place, "recorded")
            stream = Packets(
                ours, lambda packet: SourceError(repr(packet[:40])), "recorded"
            ).events()
            try:
                for event in transactions.read(stream):
                    if not isinstance(event, Heartbeat):
                        yield event
            except SourceUnavailable as error:
                if "closed the connection" not in str(error):
                    raise


def transactions_of(
    recording: Recording, capture: TablePatterns, place: BinlogPlace, server: str
) -> Transactions:
    """The reader's inner part, which asks the recording what it would ask the server."""
    mariadb = recording.kind == "mariadb"
    tables = KnownTables(capture, NoServer())
    return Transactions(
        place,
        RowDecoders(
            capture, recording, tables, lambda database, table: frozenset(), mariadb=mariadb
        ),
        tables,
        StatementReader(recording.charsets, tables, mariadb=mariadb),
        Effects(capture, tables, mariadb=mariadb),
        server,
        xa.PreparedTransaction(lambda place: iter(()), lambda name, before: before),
        scan=lambda place: Rollbacks(),
    )


def gtids_before(recording: Recording) -> str:
    return str(msgspec.json.decode(recording.lines[0])["position"]["gtids"])


def line(event: Event) -> bytes:
    """An event as it stands in the recording."""
    entry: dict[str, Any] = {"event": type(event).__name__, **msgspec.structs.asdict(event)}
    if isinstance(event, Rows):
        entry["table"] = event.table.full_name
        del entry["first"]  # 0: no table of the recording is system-versioned
    return msgspec.json.encode(entry)
