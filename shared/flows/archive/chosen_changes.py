"""Chosen changes: reads archived changes of one table in parts, in memory that is bounded.

Where only the newest change of each row counts, "newest" is by number. Clocks may go back, so a
change with a higher number may have an earlier time.
"""

from itertools import pairwise
from typing import Any

import msgspec

from shared.adapters.lake.contract import Lake, TableHead
from shared.adapters.snapshots.contract import SnapshotTable
from shared.domain.change_where import ChangeWhere
from shared.flows.archive import reading_order
from shared.flows.archive.held_rows import HeldRows
from shared.flows.archive.newest_counted import Counted, Newest, sum_of
from shared.flows.archive.page_rows import bytes_of, page_row, too_large
from shared.flows.archive.reading_order import Sample, SortPlace, text_of
from shared.flows.archive.requested_rows import RequestedRows
from shared.values.archive_pages import ArchivePage, PageRow, PartPlan, PartRequest, packed
from shared.values.seq import split_seq

MOST_COUNTED = 300_000
"""Rows whose newest change is held at once while they are counted."""

MOST_HELD = 256_000_000
"""Bytes of rows that a page holds while it reads; the rows with the highest places go first."""

MOST_ANSWER = 5_500_000
"""Bytes of a page as text. Source: Lambda developer guide, "Lambda quotas": 6 MB an answer."""

FIRST_TRY = 24_000_000
"""Bytes of rows that a page tries to hold first: text becomes about a fifth."""

_PLACE = ["stream", "epoch", "n", "op", "key", "committed_at", "group"]
_ROWS = [*_PLACE, "id", "before", "after", "tx_id", "tx_index", "tx_last", "schema_version"]


class ChosenChanges:
    """The changes that a request is about, in one state of the table."""

    def __init__(
        self,
        lake: Lake,
        head: TableHead,
        request: PartRequest,
        snapshots: SnapshotTable | None = None,
    ) -> None:
        self._lake, self._head, self._request = lake, head, request
        self._snapshots = snapshots
        self._choice, self._where = request.choice, ChangeWhere.parse(request.choice.where)
        self._truncated = 0

    @property
    def _rows(self) -> RequestedRows:
        return RequestedRows(
            self._lake,
            self._head,
            self._snapshots,
            self._request,
            reads_rows=self._where.reads_rows,
        )

    def parts(self) -> PartPlan:
        """How the chosen changes are read: counts, and places between parts."""
        if self._request.base:
            return self._parts_on_base()
        parts = self._in_window()
        if not parts.first or not self._choice.newest:
            return parts
        self._request = msgspec.structs.replace(self._request, first=parts.first)
        return self._newest_parts(parts.first)

    def page(self) -> str:
        """The first changes of the request, as a packed `ArchivePage`. Raises StackError."""
        held, cut = self._held()
        rows = [
            row for _, row in sorted(held.items()) if not self._choice.newest or self._is_sent(row)
        ]
        if self._request.base:  # rows, as a SELECT would find them
            for row in rows:
                row.op, row.before = "r", None
        # Truncations come first, and are small: no page ends among them.
        least = max(1, sum(not row.place for row in rows))
        size, fits = 0, len(rows)
        for at, row in enumerate(rows):
            size += bytes_of(row)
            if size > FIRST_TRY and at >= least:
                fits = at
                break
        while True:
            rest = rows[fits].place if fits < len(rows) else cut
            text = packed(ArchivePage(rows[:fits], rest))
            if len(text) <= MOST_ANSWER:
                return text
            if fits <= least:
                raise too_large(max(rows[:fits], key=bytes_of))
            fits = max(least, fits // 2)

    def _in_window(self) -> PartPlan:
        """The lowest number in the chosen time; and the parts where every change is meant."""
        first = count = 0
        sample = Sample()
        for row in self._rows.changes(_PLACE, window=True):
            seq = row["seq"]
            first = min(first, seq) if first else seq
            if not self._choice.newest:
                sample.add(split_seq(seq))
                count += self._where.holds(row["op"], row.get("before"), row.get("after"))
        if self._choice.newest:
            return PartPlan(first=first)
        return PartPlan(changes=count, first=first, bounds=sample.bounds(newest=False))

    def _parts_on_base(self) -> PartPlan:
        """The bounds of parts; the count is that of the snapshot, since it is only an estimate."""
        sample, count = Sample(), 0
        for keys in self._rows.base_keys():
            sample.add_keys(keys)
            count += len(keys)
        for row in self._rows.changes(_PLACE):
            sample.add(self._place(row))
        bounds = sample.bounds(newest=True)
        return PartPlan(changes=count, first=self._request.first, bounds=bounds)

    def _newest_parts(self, first: int) -> PartPlan:
        """Count rows by their newest change; a range of keys at a time where they are many."""
        sample, whole = Sample(), Newest(MOST_COUNTED)
        truncated = self._truncated_at()
        for row in self._rows.changes(_PLACE):
            place = self._place(row)
            sample.add(place)
            whole.add(place, self._counted(row))
        keys = sample.bounds(newest=True)
        if not whole.overflowed:
            return sum_of([whole.counts(truncated)], first, keys)
        step = max(1, MOST_COUNTED // (2 * reading_order.PART_CHANGES))
        found = []
        for low, high in pairwise(["", *keys[step - 1 :: step], ""]):
            some = Newest(1 << 62)
            for row in self._rows.changes(_PLACE, low=low, high=high):
                some.add(self._place(row), self._counted(row))
            found.append(some.counts(truncated))
        return sum_of(found, first, keys)

    def _counted(self, row: dict[str, Any]) -> Counted:
        wanted = self._where.holds(row["op"], row.get("before"), row.get("after"))
        return Counted(row["seq"], row["op"], self._is_in_window(row["at_us"]), wanted)

    def _held(self) -> tuple[dict[SortPlace, PageRow], str]:
        """The rows of the request, and where those begin that found no room; empty: all did."""
        newest = self._choice.newest
        held = HeldRows(MOST_HELD, newest=newest)
        self._truncated = self._truncated_at() if newest else 0
        for one in self._rows.base() if self._request.base else ():
            held.add((one.key, ""), one)
        for row in self._rows.changes(_ROWS, window=not newest):
            place = self._place(row)
            if newest:
                if not held.is_newer(place, row["seq"]):
                    continue
                if not self._is_in_window(row["at_us"]):  # only its number matters
                    row["before"] = row["after"] = None
            elif not self._where.holds(row["op"], row["before"], row["after"]):
                continue
            held.add(place, page_row(row, text_of(place, newest=newest)))
        return held.rows, held.cut

    def _is_sent(self, row: PageRow) -> bool:
        """Whether a row's newest change is one that is meant."""
        gone = row.op != "t" and row.seq < self._truncated
        if self._request.base:
            return not gone and row.op not in ("d", "t")
        return (
            not gone
            and self._is_in_window(row.ts_ms * 1000)
            and self._where.holds(row.op, row.before, row.after)
        )

    def _truncated_at(self) -> int:
        """The number of the table's last truncation, or drop of partitions; 0: there is none."""
        found = self._rows.changes(_PLACE, more=["op = 't'"], keys=False)
        return max((row["seq"] for row in found), default=0)

    def _is_in_window(self, at_us: int) -> bool:
        return self._choice.from_us <= at_us < self._choice.to_us

    def _place(self, row: dict[str, Any]) -> SortPlace:
        if self._choice.newest:
            return ("", row["group"]) if row["op"] == "t" else (row["key"], "")
        return row["epoch"], row["n"]
