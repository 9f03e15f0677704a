"""Replay sending: archived changes go into the queue of one consumer, in order within a group.

The same changes from the same place on make the same messages. A consumer that has noted one as
done leaves it out when it comes again.
"""

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from shared.adapters.claims.contract import Claims
from shared.adapters.queue.contract import Queue
from shared.adapters.topic.contract import MAX_ENTRIES, Entry
from shared.domain.change_encoding import Header, Packed
from shared.domain.large_change import encode_change
from shared.domain.message_packing import MAX_MESSAGE_BYTES, Group, Parcel, take_parcel
from shared.domain.polling import Polling
from shared.domain.publish_queue import MAX_REQUEST_BYTES
from shared.flows.jobs.refused_sends import QUEUE_WAIT_SECONDS, queue_takes_nothing
from shared.values.archive_pages import PageRow, TableName
from shared.values.change import Change, Transaction
from shared.values.deduplication_id import hash_ids
from shared.values.message import Lane, Message, attributes
from shared.values.stream import source_of

_WAIT = 0.5


class ReplaySending:
    """The messages of one job. source: of its tables. lane: theirs."""

    def __init__(
        self,
        queue: Queue,
        claims: Claims,
        source: str,
        job: str,
        polling: Polling,
        lane: Lane = "replay",
    ) -> None:
        self._queue, self._claims, self._polling = queue, claims, polling
        self._source, self._job, self._lane = source, job, lane
        self._headers: dict[tuple[str, str, int, str], Header] = {}

    def rows(self, table: TableName, rows: Sequence[PageRow]) -> list[str]:
        """Send changes in their order; returns the deduplication ids once all are acknowledged.

        Raises StackError.
        """
        groups = {name: Group() for name in dict.fromkeys(row.group for row in rows)}
        for row in rows:
            groups[row.group].waiting.append(self._packed(table, row))
        parcels = {name: deque(_parcels(group)) for name, group in groups.items()}
        sent = [one.entry.deduplication_id for each in parcels.values() for one in each]
        self._send({name: deque(one.entry for one in each) for name, each in parcels.items()})
        return sent

    def ends(self, groups: Mapping[str, int]) -> dict[str, str]:
        """The messages that `end` sends: deduplication id → group."""
        return {hash_ids([group], run=self._job): group for group in groups}

    def end(self, tables: Sequence[TableName], groups: Mapping[str, int]) -> None:
        """Send a message without changes into each group, behind everything that was sent."""
        entries = {}
        for id, group in self.ends(groups).items():
            table = tables[groups[group]]
            header = self._header(table, self._source, 0, group)
            body = (header.head + header.tail).decode()
            entries[group] = deque([Entry(body, group, id, header.attributes)])
        self._send(entries)

    def _send(self, waiting: dict[str, deque[Entry]]) -> None:
        """Send the entries of each group in order; a request has one of a group."""
        clock = self._polling.clock
        deadline = clock() + QUEUE_WAIT_SECONDS
        while waiting:
            request = _request(waiting)
            fates = self._queue.send(request)
            for entry, fate in zip(request, fates, strict=True):
                if fate is None:
                    deadline = clock() + QUEUE_WAIT_SECONDS
                    waiting[entry.group].popleft()
                    if not waiting[entry.group]:
                        del waiting[entry.group]
            if failed := [fate for fate in fates if fate is not None]:
                if clock() > deadline:
                    raise queue_takes_nothing(failed[0])
                self._polling.sleep(_WAIT)

    def _packed(self, table: TableName, row: PageRow) -> Packed:
        change = Change(
            row.id,
            row.seq,
            row.op,  # type: ignore[arg-type]
            row.ts_ms,
            msgspec.Raw(row.key.encode()),  # type: ignore[arg-type]
            _raw(row.before),  # type: ignore[arg-type]
            _raw(row.after),  # type: ignore[arg-type]
            Transaction(row.tx_id, row.tx_index, row.tx_last),
        )
        text = encode_change(change, row.stream, self._claims)
        header = self._header(table, row.stream, row.schema_version, row.group)
        return Packed(row.seq, row.id, text, header)

    def _header(self, table: TableName, stream: str, version: int, group: str) -> Header:
        known = self._headers.get((table.full, stream, version, group))
        if known:
            return known
        source = source_of(stream)
        empty = Message(stream, source, table.database, table.table, version, group, None, [])
        names = attributes(source, table.full, self._lane) | {"run": self._job}
        made = self._headers[table.full, stream, version, group] = Header.of(empty, names)
        return made


def _parcels(group: Group) -> Sequence[Parcel]:
    found = []
    while group.waiting:
        parcel = take_parcel(group, MAX_MESSAGE_BYTES, compress=False)
        assert parcel, "a change of MAX_CHANGE_BYTES fits"
        found.append(parcel)
    return found


def _request(waiting: Mapping[str, deque[Entry]]) -> list[Entry]:
    request: list[Entry] = []
    room = MAX_REQUEST_BYTES
    for each in waiting.values():
        size = len(each[0].body.encode()) + 1024
        if request and (len(request) == MAX_ENTRIES or size > room):
            break
        request.append(each[0])
        room -= size
    return request


def _raw(text: str | None) -> msgspec.Raw | None:
    return msgspec.Raw(text.encode()) if text is not None else None
