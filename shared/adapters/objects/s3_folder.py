"""Object folder on S3. See the contract."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shared.adapters.aws_errors import FAILURES, code_of, s3_failure
from shared.adapters.objects.contract import StoredObject
from shared.adapters.objects.s3_deletion import delete_objects

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

GONE = ("NoSuchKey", "404")
_OTHER = (*GONE, "PreconditionFailed", "412", "ConditionalRequestConflict", "409")
"""Another object is there, or none."""


class S3Folder:
    """See the contract."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix

    def put(self, name: str, body: bytes) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=body)
        except FAILURES as error:
            raise s3_failure(error, self._address(name), "s3:PutObject") from None

    def list(self) -> Iterator[StoredObject]:
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for each in page.get("Contents", []):
                    name = each["Key"].removeprefix(self._prefix)
                    yield StoredObject(
                        name, each["Size"], int(each["LastModified"].timestamp() * 1000)
                    )
        except FAILURES as error:
            raise s3_failure(error, self._address(), "s3:ListBucket") from None

    def get(self, name: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)[
                "Body"
            ].read()
        except FAILURES as error:
            if code_of(error) in GONE:
                return None
            raise s3_failure(error, self._address(name), "s3:GetObject, s3:ListBucket") from None

    def replace(self, name: str, seen: bytes, body: bytes) -> bool:
        key = self._prefix + name
        try:
            held = self._client.get_object(Bucket=self._bucket, Key=key)
            if held["Body"].read() != seen:
                return False
            # Source: S3 user guide, "How to prevent object overwrites with conditional writes".
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, IfMatch=held["ETag"])
        except FAILURES as error:
            if code_of(error) in _OTHER:
                return False
            raise s3_failure(error, self._address(name), "s3:GetObject, s3:PutObject") from None
        return True

    def delete(self, names: Sequence[str]) -> None:
        delete_objects(self._client, self._bucket, [{"Key": self._prefix + each} for each in names])

    def _address(self, name: str = "") -> str:
        return f"s3://{self._bucket}/{self._prefix}{name}"
