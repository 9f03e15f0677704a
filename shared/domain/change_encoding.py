"""Change encoding: a change is encoded once, under the header of its messages."""

from collections.abc import Callable
from typing import NamedTuple, Self

from shared.adapters.claims.contract import Claims
from shared.adapters.state.schemas import Schemas
from shared.domain.large_change import encode_change
from shared.domain.numbering import Numbered
from shared.values.message import PUBLISHED_SIZE, Lane, Message, attributes, frame
from shared.values.message_group import group_id
from shared.values.stream import source_of
from shared.values.table import Table


class Header(NamedTuple):
    """What the messages of one group and one schema version have in common.

    size: bytes of frame and attributes, as SNS counts them, with the time of publication.
    """

    group: str
    head: bytes
    tail: bytes
    attributes: dict[str, str]
    size: int

    @classmethod
    def of(cls, message: Message, names: dict[str, str]) -> Self:
        """The header of a message without changes, and its attributes."""
        head, tail = frame(message)
        size = sum(len(name) + len("String") + len(value.encode()) for name, value in names.items())
        return cls(message.group, head, tail, names, len(head) + len(tail) + size + PUBLISHED_SIZE)


class Packed(NamedTuple):
    """A change ready to travel: its number, its identity, its JSON, and the header it travels
    under.

    read_at: when it was packed, in seconds since 1970; 0 in a backfill.
    """

    seq: int
    id: str
    json: bytes
    header: Header
    read_at: float = 0.0


class ChangeEncoding:
    """Encodes the changes of a stream; rows too large for a message go to the claim store.

    run: names the backfill whose messages these are.
    clock: seconds since 1970; only traces need it.
    """

    def __init__(
        self,
        stream: str,
        schemas: Schemas,
        claims: Claims,
        *,
        lane: Lane = "live",
        run: str = "",
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._stream, self._source, self._schemas, self._claims = (
            stream,
            source_of(stream),
            schemas,
            claims,
        )
        self._lane: Lane = lane
        self._clock = clock
        self._marks = {"run": run} if run else {}
        self._versions: dict[
            int, tuple[Table, int]
        ] = {}  # by identity, the table kept so that it stays taken
        self._headers: dict[tuple[int, int], Header] = {}

    def pack(self, numbered: Numbered) -> Packed:
        """The change, ready to travel.

        Raises StateUnavailable when the schema history or the claim store does not answer.
        """
        table, shard, change = numbered
        header = self._headers.get((id(table), shard)) or self._header(table, shard)
        encoded = encode_change(change, self._stream, self._claims)
        return Packed(change.seq, change.id, encoded, header, self._clock())

    def _header(self, table: Table, shard: int) -> Header:
        known = self._versions.get(id(table))
        if known is None:
            known = self._versions[id(table)] = (table, self._version(table))
        group = group_id(self._source, table.database, table.name, shard)
        empty = Message(
            self._stream, self._source, table.database, table.name, known[1], group, None, []
        )
        names = attributes(self._source, table.full_name, self._lane) | self._marks
        header = self._headers[id(table), shard] = Header.of(empty, names)
        return header

    def _version(self, table: Table) -> int:
        if not table.columns:
            # a truncated table whose rows were not seen yet: under the version that is known
            latest = self._schemas.latest(self._source, table.database, table.name)
            return self._schemas.version_of(self._source, latest) if latest else 0
        return self._schemas.version_of(self._source, table)
