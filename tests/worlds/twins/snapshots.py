"""Twins of the snapshots' store and table. Objects and files in memory."""

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from shared.adapters.snapshots.contract import PackedFile
from shared.values.errors import StackError
from shared.values.snapshot import (
    Readout,
    Snapshot,
    SnapshotFile,
    SnapshotPart,
    decode_part,
    encode_part,
)


class MemorySnapshotStore:
    """See `SnapshotStore`."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str, int, int], bytes] = {}
        self.ready: dict[str, Readout] = {}
        self.manifests: dict[str, Snapshot] = {}

    def put_part(self, id: str, table: str, number: int, token: int, part: SnapshotPart) -> None:
        self.held[id, table, number, token] = encode_part(part)

    def part(self, id: str, table: str, number: int, token: int) -> SnapshotPart:
        try:
            return decode_part(self.held[id, table, number, token])
        except (KeyError, ValueError) as error:
            raise StackError("cannot be read.", thing=f"part {number}") from error

    def parts(self) -> Iterator[tuple[str, str, SnapshotPart]]:
        for key, body in list(self.held.items()):
            yield key[0], repr(key), decode_part(body)

    def remove_part(self, name: str) -> None:
        for key in [key for key in self.held if repr(key) == name]:
            del self.held[key]

    def put_readout(self, readout: Readout) -> None:
        self.ready[readout.id] = readout

    def readouts(self) -> list[Readout]:
        return [self.ready[id] for id in sorted(self.ready)]

    def done(self, readout: Readout) -> None:
        self.held = {key: part for key, part in self.held.items() if key[0] != readout.id}
        self.ready.pop(readout.id, None)

    def put(self, snapshot: Snapshot) -> None:
        self.manifests[snapshot.id] = snapshot

    def all(self) -> list[Snapshot]:
        return [self.manifests[id] for id in sorted(self.manifests)]

    def after(self, id: str) -> Iterator[Snapshot]:
        yield from (each for each in self.all() if each.id > id)

    def get(self, id: str) -> Snapshot | None:
        return self.manifests.get(id)

    def remove(self, id: str) -> None:
        self.manifests.pop(id, None)


class MemorySnapshotTable:
    """See `SnapshotTable`."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str, int, int], pa.Table] = {}

    def packed(self, id: str) -> list[PackedFile]:
        return [
            PackedFile(*key, SnapshotFile(repr(key), key[1], rows.num_rows, rows.nbytes, ""))
            for key, rows in self.files.items()
            if key[0] == id
        ]

    def ids(self) -> set[str]:
        return {id for id, *_ in self.files}

    def add(self, id: str, table: str, first: int, last: int, rows: pa.Table) -> None:
        self.files.setdefault((id, table, first, last), rows)

    def drop(self, ids: Sequence[str]) -> int:
        gone = [key for key in self.files if key[0] in ids]
        for key in gone:
            del self.files[key]
        return len(gone)

    def rows(
        self, id: str, table: str, columns: Sequence[str], *, low: str = "", high: str = ""
    ) -> Iterator[pa.RecordBatch]:
        for key in sorted(self.files):
            if key[:2] == (id, table):
                held = self.files[key]
                inside = [
                    low <= one and (not high or one < high)
                    for one in held.column("key").to_pylist()
                ]
                found = held.filter(pa.array(inside, pa.bool_()))
                yield from found.select(list(columns)).to_batches()

    def erase(self, source: str, table: str, keys: Collection[str]) -> int:
        wanted, erased = pa.array(sorted(keys), pa.string()), 0
        for key, rows in list(self.files.items()):
            if key[1] != table:
                continue
            mine = pc.equal(rows.column("source"), source)
            kept = rows.filter(pc.invert(pc.and_(mine, pc.is_in(rows.column("key"), wanted))))
            erased += rows.num_rows - kept.num_rows
            self.files[key] = kept
            if not kept.num_rows:
                del self.files[key]
        return erased

    def unreferenced(self) -> list[int]:
        return []

    def sha256(self, path: str) -> str:
        return "s" if any(repr(key) == path for key in self.files) else ""

    def noted_sha256(self, path: str) -> str:
        return "s"

    def tidy(self, expire_ms: int, vacuum_ms: int) -> int:
        return 0
