"""Requested rows: the rows of `changes`, and of a snapshot, that a request of a job is about."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from shared.adapters.lake.contract import Lake, TableHead
from shared.adapters.snapshots.contract import SnapshotTable
from shared.flows.archive.reading_order import between, iso, quoted
from shared.values.archive_pages import PageRow, PartRequest
from shared.values.row_key import hash_of
from shared.values.seq import make_seq, split_seq
from shared.values.unix_micros import micros

if TYPE_CHECKING:
    import pyarrow as pa

_BASE = ["stream", "key", "epoch", "n", "read_at", "schema_version", "after"]


class RequestedRows:
    """Reads them in one state of the table.

    Changes have their number as `seq`, their time as `at_us`.
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

    def base_keys(self) -> Iterator["pa.Array"]:
        """The keys of the rows of the snapshot, in the places of the request."""
        for batch in self._base(["key"]):
            yield batch.column(0)

    def base(self) -> Iterator[PageRow]:
        """The rows of the snapshot, as changes `r`, in the places of the request."""
        tx_id = f"s/{self._request.base}"
        prefix = f"{tx_id}/{self._request.table.full}/"
        read_at, at_ms = None, 0
        for batch in self._base(_BASE):
            for stream, key, epoch, n, read, version, after in zip(
                *(column.to_pylist() for column in batch.columns), strict=True
            ):
                if read != read_at:  # of thousands of rows
                    read_at, at_ms = read, micros(read) // 1000
                seq = make_seq(epoch, n)
                yield PageRow(
                    key,
                    stream,
                    seq,
                    prefix + hash_of(key),
                    "r",
                    key,
                    at_ms,
                    None,
                    after,
                    tx_id,
                    0,
                    True,
                    version,
                    "",
                )

    def _base(self, columns: Sequence[str]) -> Iterator["pa.RecordBatch"]:
        request = self._request
        assert self._snapshots
        name, low, high = request.table.full, request.low, request.high
        return self._snapshots.rows(request.base, name, columns, low=low, high=high)
