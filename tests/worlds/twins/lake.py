"""The lake's twin: Arrow tables instead of files, versions instead of snapshots."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.expressions.visitors import bind
from pyiceberg.io.pyarrow import expression_to_pyarrow

from shared.adapters.lake.changes_columns import ARROW, ICEBERG
from shared.adapters.lake.contract import DataFile, Overtaken, TableHead, Vacuumed
from shared.adapters.lake.iceberg.scan_filter import scan_filter


class MemoryLake:
    """A table in memory. `versions`: of each snapshot, its files and its ledger."""

    def __init__(self) -> None:
        self.versions: list[tuple[dict[str, pa.Table], bytes]] = [({}, b"")]

    def head(self) -> TableHead:
        number = len(self.versions) - 1
        return TableHead(number, self.versions[number][1])

    def append(self, head: TableHead, rows: pa.Table, ledger: bytes) -> TableHead:
        files = dict(self._expected(head))
        if rows.num_rows:
            files[self._name()] = rows.cast(ARROW)
        return self._commit(files, ledger)

    def drop(self, head: TableHead, files: Sequence[DataFile], ledger: bytes) -> TableHead:
        gone = {each.path for each in files}
        kept = {name: rows for name, rows in self._expected(head).items() if name not in gone}
        return self._commit(kept, ledger)

    def rewrite(
        self, head: TableHead, files: Sequence[DataFile], parts: Iterator[pa.Table], ledger: bytes
    ) -> TableHead:
        gone = {each.path for each in files}
        kept = {name: rows for name, rows in self._expected(head).items() if name not in gone}
        made = {self._name(): part.cast(ARROW) for part in parts if part.num_rows}
        return self._commit({**kept, **made}, ledger)

    def purge(self) -> int:
        for number in range(len(self.versions) - 1):
            self.versions[number] = ({}, b"")
        return 0

    def unreferenced(self) -> list[int]:
        return []

    def replace(
        self,
        files: Sequence[DataFile],
        parts: Iterator[pa.Table],
        alone: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        made = {self._name(): part for part in parts}
        now, ledger = self.versions[-1]
        if any(each.path not in now for each in files):
            raise Overtaken("a file was replaced meanwhile.")
        kept = {name: rows for name, rows in now.items() if name not in {f.path for f in files}}
        self._commit({**kept, **made}, ledger)

    def files(self, where: str = "") -> list[DataFile]:
        found = []
        for name, rows in self.versions[-1][0].items():
            times = pc.cast(rows.column("committed_at"), pa.int64()).to_pylist()
            ms = [each // 1000 for each in times]
            found.append(DataFile(name, rows.nbytes, rows.num_rows, min(ms), max(ms)))
        return found

    def scan(
        self,
        columns: Sequence[str],
        *,
        at: TableHead | None = None,
        files: Sequence[DataFile] | None = None,
        where: str = "",
    ) -> Iterator[pa.RecordBatch]:
        held = self.versions[at.snapshot if at else -1][0]
        wanted = {each.path for each in files} if files is not None else set(held)
        chosen: Any = bind(ICEBERG, scan_filter(where), True) if where else AlwaysTrue()
        for name, rows in held.items():
            if name not in wanted:
                continue
            found = rows.filter(expression_to_pyarrow(chosen, ICEBERG)) if where else rows
            yield from found.select(list(columns)).to_batches()

    def expire(self, before_ms: int) -> int:
        return 0

    def vacuum(self, before_ms: int) -> Vacuumed:
        return Vacuumed()

    def remove(self, numbers: set[int]) -> None:
        """Remove rows by hand, past the ledger, as a person with Athena would."""
        files, ledger = self.versions[-1]
        kept = {
            name: rows.filter(pc.invert(pc.is_in(rows.column("n"), pa.array(list(numbers)))))
            for name, rows in files.items()
        }
        self._commit(kept, ledger)

    def _expected(self, head: TableHead) -> dict[str, pa.Table]:
        if head.snapshot != len(self.versions) - 1:
            raise Overtaken("somebody else has committed.")
        return self.versions[-1][0]

    def _commit(self, files: dict[str, pa.Table], ledger: bytes) -> TableHead:
        self.versions.append((files, ledger))
        return self.head()

    def _name(self) -> str:
        return f"file-{uuid.uuid4()}"
