"""Parts, readouts and manifests of snapshots in S3, below `snapshots/` of the archive's bucket.

A snapshot exists when its manifest does.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from shared.adapters.objects.s3_folder import S3Folder
from shared.values.errors import StackError
from shared.values.snapshot import Readout, Snapshot, SnapshotPart, decode_part, encode_part

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

FOLDER = "snapshots"
PARTS, READY, MANIFESTS = f"{FOLDER}/parts/", f"{FOLDER}/ready/", f"{FOLDER}/manifests/"


class S3Snapshots:
    """See `SnapshotStore`."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket
        self._parts = S3Folder(client, bucket, PARTS)
        self._ready = S3Folder(client, bucket, READY)
        self._manifests = S3Folder(client, bucket, MANIFESTS)

    def put_part(self, id: str, table: str, number: int, token: int, part: SnapshotPart) -> None:
        self._parts.put(_part(id, table, number, token), encode_part(part))

    def part(self, id: str, table: str, number: int, token: int) -> SnapshotPart:
        name = _part(id, table, number, token)
        body = self._parts.get(name)
        try:
            if body is None:
                raise ValueError("it is missing")
            return decode_part(body)
        except ValueError as error:
            raise StackError(
                f"a part of snapshot {id} cannot be read: {error}.",
                thing=f"s3://{self._bucket}/{PARTS}{name}",
                hint=f"Take another snapshot, and delete {READY}{id} of this bucket.",
            ) from None

    def parts(self) -> Iterator[tuple[str, str, SnapshotPart]]:
        for each in self._parts.list():
            body = self._parts.get(each.name)
            if body is None:
                continue
            try:
                yield each.name.partition("/")[0], each.name, decode_part(body)
            except ValueError as error:
                raise StackError(
                    f"cannot be read: {error}.",
                    thing=f"s3://{self._bucket}/{PARTS}{each.name}",
                    hint="Delete it, if no snapshot is being taken.",
                ) from None

    def remove_part(self, name: str) -> None:
        self._parts.delete([name])

    def put_readout(self, readout: Readout) -> None:
        self._ready.put(readout.id, msgspec.json.encode(readout))

    def readouts(self) -> list[Readout]:
        return [msgspec.json.decode(each, type=Readout) for each in self._bodies(self._ready)]

    def done(self, readout: Readout) -> None:
        parts = S3Folder(self._client, self._bucket, f"{PARTS}{readout.id}/")
        parts.delete([each.name for each in parts.list()])
        self._ready.delete([readout.id])

    def put(self, snapshot: Snapshot) -> None:
        self._manifests.put(_manifest(snapshot.id), msgspec.json.encode(snapshot))

    def all(self) -> list[Snapshot]:
        return list(self.after(""))

    def after(self, id: str) -> Iterator[Snapshot]:
        least = _manifest(id) if id else ""
        for body in self._bodies(self._manifests, least):
            yield msgspec.json.decode(body, type=Snapshot)

    def get(self, id: str) -> Snapshot | None:
        body = self._manifests.get(_manifest(id))
        return None if body is None else msgspec.json.decode(body, type=Snapshot)

    def remove(self, id: str) -> None:
        self._manifests.delete([_manifest(id)])

    def _bodies(self, folder: S3Folder, least: str = "") -> Iterator[bytes]:
        """In the order of their names: an id begins with its time. One that is gone is left out.

        least: only those with later names.
        """
        found = (folder.get(each.name) for each in folder.list() if each.name > least)
        return (each for each in found if each is not None)


def _part(id: str, table: str, number: int, token: int) -> str:
    return f"{id}/{quote(table, safe='')}/{number:08}-{token}"


def _manifest(id: str) -> str:
    return f"{id}.json"
