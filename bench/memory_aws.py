"""S3 and Glue in memory, for what the archive's table itself takes: no server, no request.

They know the calls of `shared/adapters/lake/iceberg` and of the landing. Glue refuses an update
that is based on a former version, as AWS does.
"""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError


class MemoryS3:
    """Objects of all buckets. requests, read, written: calls so far, and their bytes."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], tuple[bytes, datetime]] = {}
        self.requests = self.read = self.written = 0

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:
        self.requests += 1
        self.written += len(Body)
        self.objects[Bucket, Key] = (bytes(Body), datetime.now(UTC))
        return {}

    def get_object(self, *, Bucket: str, Key: str, Range: str = "") -> dict[str, Any]:
        body = self._found(Bucket, Key)
        if Range:
            first, last = map(int, Range.removeprefix("bytes=").split("-"))
            body = body[first : last + 1]
        self.read += len(body)
        return {"Body": io.BytesIO(body)}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        return {"ContentLength": len(self._found(Bucket, Key))}

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self.requests += 1
        self.objects.pop((Bucket, Key), None)
        return {}

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        for each in Delete["Objects"]:
            self.objects.pop((Bucket, each["Key"]), None)
        self.requests += 1
        return {}

    def get_paginator(self, _name: str) -> "MemoryS3":
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        self.requests += 1
        yield {
            "Contents": [
                {"Key": key, "Size": len(body), "LastModified": at}
                for (bucket, key), (body, at) in sorted(self.objects.items())
                if bucket == Bucket and key.startswith(Prefix)
            ]
        }

    def _found(self, bucket: str, key: str) -> bytes:
        self.requests += 1
        try:
            return self.objects[bucket, key][0]
        except KeyError:
            raise _error("NoSuchKey", "GetObject") from None


class MemoryGlue:
    """Tables by name, each with its version. The errors are those of a Glue client."""

    def __init__(self) -> None:
        self.exceptions = boto3.client(
            "glue", "eu-west-1", aws_access_key_id="-", aws_secret_access_key="-"
        ).exceptions
        self._tables: dict[str, tuple[int, dict[str, Any]]] = {}

    def get_table(self, *, Name: str, **_: Any) -> dict[str, Any]:
        if Name not in self._tables:
            raise self._refused("EntityNotFoundException", "GetTable")
        version, table = self._tables[Name]
        return {"Table": {**table, "VersionId": str(version)}}

    def create_table(self, *, DatabaseName: str, TableInput: dict[str, Any], **_: Any) -> Any:
        name = str(TableInput["Name"])
        if name in self._tables:
            raise self._refused("AlreadyExistsException", "CreateTable")
        self._tables[name] = (0, {**TableInput, "DatabaseName": DatabaseName})
        return {}

    def update_table(
        self, *, DatabaseName: str, TableInput: dict[str, Any], VersionId: str = "", **_: Any
    ) -> Any:
        name = str(TableInput["Name"])
        version, _old = self._tables[name]
        if VersionId and int(VersionId) != version:
            raise self._refused("ConcurrentModificationException", "UpdateTable")
        self._tables[name] = (version + 1, {**TableInput, "DatabaseName": DatabaseName})
        return {}

    def _refused(self, code: str, call: str) -> Exception:
        kind: type[Exception] = getattr(self.exceptions, code)
        return kind({"Error": {"Code": code, "Message": code}}, call)


def _error(code: str, call: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, call)
