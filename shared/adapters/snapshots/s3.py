"""Parts, readouts and manifests of snapshots in S3, below `snapshots/` of the archive's bucket.

A snapshot exists when its manifest does.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from shared.adapters import aws
from shared.values.errors import RowlineError, StackError, StateUnavailable
from shared.values.snapshot import Part, Readout, Snapshot, decode_part, encode_part

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

FOLDER = "snapshots"
PARTS, READY, MANIFESTS = f"{FOLDER}/parts/", f"{FOLDER}/ready/", f"{FOLDER}/manifests/"
_GONE = ("NoSuchKey", "404")
_DELETES = 1000
"""Keys of one DeleteObjects. Source: S3 API reference, DeleteObjects."""


class S3Snapshots:
    """See `SnapshotStore`."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put_part(self, id: str, table: str, number: int, token: int, part: Part) -> None:
        self._put(_part(id, table, number, token), encode_part(part))

    def part(self, id: str, table: str, number: int, token: int) -> Part:
        key = _part(id, table, number, token)
        body = self._get(key)
        try:
            if body is None:
                raise ValueError("it is missing")
            return decode_part(body)
        except ValueError as error:
            raise StackError(
                f"a part of snapshot {id} cannot be read: {error}.",
                thing=f"s3://{self._bucket}/{key}",
                hint=f"Take another snapshot, and delete {READY}{id} of this bucket.",
            ) from None

    def parts(self) -> Iterator[tuple[str, str, Part]]:
        for key in self._keys(PARTS):
            body = self._get(key)
            if body is None:
                continue
            try:
                yield key.removeprefix(PARTS).partition("/")[0], key, decode_part(body)
            except ValueError as error:
                raise StackError(
                    f"cannot be read: {error}.",
                    thing=f"s3://{self._bucket}/{key}",
                    hint="Delete it, if no snapshot is being taken.",
                ) from None

    def remove_part(self, name: str) -> None:
        self._delete([name])

    def put_readout(self, readout: Readout) -> None:
        self._put(READY + readout.id, msgspec.json.encode(readout))

    def readouts(self) -> list[Readout]:
        found = map(self._get, self._keys(READY))
        return [msgspec.json.decode(each, type=Readout) for each in found if each is not None]

    def done(self, readout: Readout) -> None:
        self._delete(list(self._keys(f"{PARTS}{readout.id}/")))
        self._delete([READY + readout.id])

    def put(self, snapshot: Snapshot) -> None:
        self._put(_manifest(snapshot.id), msgspec.json.encode(snapshot))

    def all(self) -> list[Snapshot]:
        found = map(self._get, self._keys(MANIFESTS))
        return [msgspec.json.decode(each, type=Snapshot) for each in found if each is not None]

    def get(self, id: str) -> Snapshot | None:
        body = self._get(_manifest(id))
        return None if body is None else msgspec.json.decode(body, type=Snapshot)

    def remove(self, id: str) -> None:
        self._delete([_manifest(id)])

    def _put(self, key: str, body: bytes) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body)
        except aws.FAILURES as error:
            raise self._failed(error, key, "s3:PutObject") from None

    def _get(self, key: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except aws.FAILURES as error:
            if aws.code_of(error) in _GONE:
                return None
            raise self._failed(error, key, "s3:GetObject, s3:ListBucket") from None

    def _keys(self, prefix: str) -> Iterator[str]:
        """In the order of their names: an id begins with its time."""
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                yield from (each["Key"] for each in page.get("Contents", []))
        except aws.FAILURES as error:
            raise self._failed(error, prefix, "s3:ListBucket") from None

    def _delete(self, keys: list[str]) -> None:
        for start in range(0, len(keys), _DELETES):
            some = keys[start : start + _DELETES]
            wanted = {"Objects": [{"Key": key} for key in some], "Quiet": True}
            try:
                done = self._client.delete_objects(
                    Bucket=self._bucket,
                    Delete=wanted,  # type: ignore[arg-type]
                )
            except aws.FAILURES as error:
                raise self._failed(error, some[0], "s3:DeleteObject") from None
            if errors := done.get("Errors"):
                raise StateUnavailable(
                    f"S3 did not delete {len(errors)} objects: {errors[0].get('Code', '')}.",
                    thing=f"s3://{self._bucket}/{errors[0].get('Key', '')}",
                    hint="They are deleted the next time.",
                )

    def _failed(self, error: Exception, key: str, rights: str) -> RowlineError:
        address = f"s3://{self._bucket}/{key}"
        if aws.is_passing(error):
            return StateUnavailable(
                f"S3 did not answer: {error}", thing=address, hint="The call is tried again."
            )
        return StackError(
            f"S3 refuses: {error}.",
            thing=address,
            hint=f"The role needs {rights} on this bucket (docs/iam.md).",
        )


def _part(id: str, table: str, number: int, token: int) -> str:
    return f"{PARTS}{id}/{quote(table, safe='')}/{number:08}-{token}"


def _manifest(id: str) -> str:
    return f"{MANIFESTS}{id}.json"
