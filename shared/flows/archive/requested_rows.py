"""Requested rows: the rows of `changes`, and of a snapshot, that a request of a job is about."""

from collections.abc import Iterator, Sequence
from typing import Any

from shared.adapters.lake.contract import Lake, TableHead
from shared.adapters.snapshots.contract import SnapshotTable
from shared.flows.archive.reading_order import between, iso, micros, quoted
from shared.values.archive_pages import PartRequest
from shared.values.seq import make_seq, split_seq

_BASE = ["stream", "key", "epoch", "n", "read_at", "schema_version", "after"]


class RequestedRows:
    """Reads them in one state of the table. Each has its number as `seq`, its time as `at_us`.

    reads_rows: the columns of the rows are needed each time.
    """

    def __init__(
        self,
        lake: Lake,
        head: TableHead,
        snapshots: SnapshotTable | None,
        request: PartRequest,
        *,
        reads_rows: bool,
    ) -> None:
        self._lake, self._head, self._snapshots = lake, head, snapshots
        self._request, self._reads_rows = request, reads_rows

    def changes(
        self,
        columns: Sequence[str],
        *,
        window: bool = False,
        low: str = "",
        high: str = "",
        more: Sequence[str] = (),
        keys: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Rows of the table up to `through`, those of the request's places alone."""
        request, choice = self._request, self._request.choice
        terms = [
            f"source = {quoted(choice.source)}",
            f"database = {quoted(request.table.database)}",
            f'"table" = {quoted(request.table.table)}',
            *more,
        ]
        if window:
            terms.append(f"committed_at >= '{iso(choice.from_us)}'")
            terms.append(f"committed_at < '{iso(choice.to_us)}'")
        if request.first and not window:
            epoch, n = split_seq(request.first)
            terms.append(f"(epoch > {epoch} or (epoch = {epoch} and n >= {n}))")
        if keys and choice.keys:
            terms.append(f"key in ({', '.join(map(quoted, choice.keys))})")
        if keys:
            terms += between(low or request.low, high or request.high, choice.newest)
        wanted = list(columns)
        if self._reads_rows and "before" not in wanted:
            wanted += ["before", "after"]
        through = request.through
        for batch in self._lake.scan(wanted, at=self._head, where=" and ".join(terms)):
            for row in batch.to_pylist():
                seq = make_seq(row["epoch"], row["n"])
                if seq <= through.get(row["stream"], 0):
                    row["seq"], row["at_us"] = seq, micros(row["committed_at"])
                    yield row

    def base(self, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows of the snapshot, in the places of the request."""
        request = self._request
        assert self._snapshots
        name, low, high = request.table.full, request.low, request.high
        found = self._snapshots.rows(request.base, name, columns, low=low, high=high)
        for batch in found:
            for row in batch.to_pylist():
                row["seq"] = make_seq(row["epoch"], row["n"])
                yield row

    def base_and_changes(self, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows of the snapshot, as changes `r`, and then the changes since."""
        tx_id = f"s/{self._request.base}"
        prefix = f"{tx_id}/{self._request.table.full}/"
        read_at, at_us = None, 0
        for row in self.base(_BASE):
            if row["read_at"] != read_at:  # of thousands of rows
                read_at = row["read_at"]
                at_us = micros(read_at)
            row["tx_id"], row["tx_index"], row["tx_last"] = tx_id, 0, True
            row["id"], row["op"], row["at_us"] = prefix + row["key"], "r", at_us
            row["before"], row["group"] = None, ""
            yield row
        yield from self.changes(columns)
