"""Journal: which rows recent transactions touched, to be read again when a server lacks them.

Pages of keys in the claims bucket, at most one a second while changes flow, none while they do not.
The last `PAGES` are kept: each page replaces the one that was written `PAGES` pages before it.
The checkpoint never moves past what the journal holds. Only transactions with a GTID are in it:
without one, no other server can be asked whether it has them.
"""

import threading
import zlib
from collections.abc import Iterator, Mapping

import msgspec

from shared.adapters.binlog.contract import Begin
from shared.adapters.claims.contract import Claims
from shared.domain.numbering import Numbered
from shared.values.position import Position
from shared.values.settings import TableSettings, table_settings
from shared.values.table import Table

PAGES = 1000
"""A quarter of an hour at least, and longer where changes do not come each second."""

PAGE_ROWS = 20_000
"""Rows of one page. If a second has more, only their tables are noted."""


class Touched(msgspec.Struct, array_like=True):
    """A row that a transaction touched.

    table: index into the page's tables.
    shard: the shard that it was published in.
    key: None for rows of the table that no key names.
    """

    table: int
    shard: int
    key: list[msgspec.Raw] | None


class JournalPage(msgspec.Struct):
    """Transactions in commit order.

    since: everything before this place is in earlier pages.
    continued: so is the beginning of the first transaction.
    last: GTID of the last transaction that is noted, also where only its tables are (`beyond`).
    files: the first place that was read in each binlog file of `server` (its identity).
    """

    number: int
    server: str
    since: Position
    files: list[Position]
    tables: list[tuple[str, list[str]]] = []
    transactions: list[tuple[str, list[Touched]]] = []
    beyond: list[str] = []
    last: str = ""
    continued: bool = False


FOLDER = "journal/"
"""Where the pages of a stream are, below its name."""

LOST = "lost-"
"""How the objects begin in which rows wait that are to be read again, below the stream's name."""

_decode = msgspec.json.Decoder(JournalPage).decode
_encode = msgspec.json.Encoder().encode


def decode_page(body: bytes) -> JournalPage:
    """The page of an object."""
    return _decode(zlib.decompress(body))


def encode_page(page: JournalPage) -> bytes:
    """The object of a page."""
    return zlib.compress(_encode(page), 1)


class Journal:
    """The journal of one stream. Safe for threads: the reader adds, others may call `keep`.

    number: the page that the checkpoint names.
    """

    def __init__(self, claims: Claims, stream: str, number: int = 0) -> None:
        self._claims, self.stream, self.number = claims, stream, number
        self._begun = False
        self._adding, self._keeping = threading.Lock(), threading.Lock()
        self._server = ""
        self._tables: Mapping[str, TableSettings] = {}
        self._at, self._gtid, self._id = Position(), "", ""
        # the id of the transaction that was added to last: a GTID may come twice, after a restore
        self._noted = ""
        self._full: JournalPage | None = None  # on its way into the bucket
        self._page: JournalPage | None = None
        self._rows = 0
        self._indexes: dict[int, tuple[Table, int, bool]] = {}

    def capture(self, server: str, tables: Mapping[str, TableSettings]) -> None:
        """Which server is read from now on, and how tables are captured.

        A key that leaves masked is not noted. Only when everything that was added is kept, unless
        the server stays the same.
        """
        with self._adding:
            self._server, self._tables = server, tables
            self._indexes.clear()

    def begin(self, transaction: Begin) -> None:
        """What is added next belongs to this transaction."""
        self._at, self._gtid, self._id = transaction.position, transaction.gtid, transaction.id

    def add(self, changes: list[Numbered]) -> None:
        """Note the rows of changes; call this before the publishers get them."""
        if not self._gtid:
            return
        with self._adding:
            page = self._page
            if page is None:
                page = self._open(self._at)
                page.continued = self._id == self._noted
            page.last, self._noted = self._gtid, self._id
            if page.files[-1].file != self._at.file:
                page.files.append(self._at)
            if self._rows + len(changes) > PAGE_ROWS:
                page.beyond = sorted({*page.beyond, *(table.full_name for table, _, _ in changes)})
                return
            if not page.transactions or page.transactions[-1][0] != self._gtid:
                page.transactions.append((self._gtid, []))
            rows = page.transactions[-1][1]
            self._rows += len(changes)
            for table, shard, change in changes:
                known = self._indexes.get(id(table)) or self._index(page, table)
                key = (
                    None
                    if known[2] or change.op == "t"
                    else [msgspec.Raw(_encode(value)) for value in change.key.values()]
                )
                rows.append(Touched(known[1], shard, key))

    def keep(self) -> None:
        """Write what was added. Raises StateUnavailable (it is tried with the next call),
        StackError.
        """
        with self._keeping:
            with self._adding:
                if self._full is None:
                    self._full, self._page = self._page, None
            if self._full is None:
                return
            self._find_end()
            self._full.number = self.number + 1
            self._claims.keep(self._name(self._full.number), encode_page(self._full))
            self.number, self._full = self._full.number, None

    def put(self, name: str, body: bytes) -> str:
        """Keep something beside the pages, for good; returns its address. Raises StateUnavailable,
        StackError.
        """
        return self._claims.keep(f"{self.stream}/{name}", body)

    def get(self, address: str) -> bytes:
        """What `put` kept. Raises StackError."""
        return self._claims.get(address)

    def end(self) -> int:
        """The last page that was written. Raises StateUnavailable, StackError."""
        with self._keeping:
            self._find_end()
            return self.number

    def pages(self, after: int) -> Iterator[JournalPage]:
        """The pages from the newest back to the one behind page `after`, as far as they are kept.

        Raises StateUnavailable, StackError.
        """
        with self._keeping:
            self._find_end()
            newest = self.number
            with self._adding:
                unwritten = [page for page in (self._page, self._full) if page]
        yield from unwritten
        # Without locks: it may take longer than the lease.
        for number in range(newest, max(after, newest - PAGES), -1):
            page = self._read(number)
            if page is None:
                return
            yield page

    def _open(self, since: Position) -> JournalPage:
        self._page, self._rows = JournalPage(0, self._server, since, [since]), 0
        self._indexes.clear()
        return self._page

    def _index(self, page: JournalPage, table: Table) -> tuple[Table, int, bool]:
        """The table (kept so that its identity stays taken), its index, and whether its key leaves
        masked.
        """
        page.tables.append((table.full_name, list(table.key)))
        masked = not table_settings(self._tables, table.full_name).mask.keys().isdisjoint(table.key)
        known = self._indexes[id(table)] = (table, len(page.tables) - 1, masked)
        return known

    def _find_end(self) -> None:
        """A relay that was killed may have written pages that its checkpoint does not name: they
        stay.
        """
        while not self._begun:
            if self._read(self.number + 1) is None:
                self._begun = True
            else:
                self.number += 1

    def _read(self, number: int) -> JournalPage | None:
        body = self._claims.find(self._name(number))
        page = decode_page(body) if body else None
        return page if page and page.number == number else None

    def _name(self, number: int) -> str:
        return f"{self.stream}/{FOLDER}{number % PAGES:03}"
