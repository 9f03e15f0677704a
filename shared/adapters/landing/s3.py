"""The landing in S3: `landing/` of the archive's bucket; `rejected/` keeps what cannot be read.

Changes that are read again because the table lost them come under `healing/`: the ledger has their
numbers, so the committer would drop them. Firehose writes below `landing/firehose/`, and what it
could not deliver there below `firehose-errors/`.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shared.adapters import aws
from shared.adapters.aws_failure import s3_failure
from shared.adapters.landing.contract import Landed
from shared.values.errors import StateUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX, HEALING = "landing/", "healing/"
REJECTED = "rejected/"
FIREHOSE_ERRORS = "firehose-errors/"
_GONE = ("NoSuchKey", "404")
_OTHER = (*_GONE, "PreconditionFailed", "412", "ConditionalRequestConflict", "409")
"""Another object is there, or none."""

_DELETES = 1000
"""Keys of one DeleteObjects. Source: S3 API reference, DeleteObjects."""


class S3Landing:
    """See the contract."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str = PREFIX) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix

    def put(self, name: str, body: bytes) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=body)
        except aws.FAILURES as error:
            raise s3_failure(error, self._address(self._prefix + name), "s3:PutObject") from None

    def list(self) -> Iterator[Landed]:
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for each in page.get("Contents", []):
                    name = each["Key"].removeprefix(self._prefix)
                    yield Landed(name, each["Size"], int(each["LastModified"].timestamp() * 1000))
        except aws.FAILURES as error:
            raise s3_failure(error, self._address(self._prefix), "s3:ListBucket") from None

    def get(self, name: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)[
                "Body"
            ].read()
        except aws.FAILURES as error:
            if aws.code_of(error) in _GONE:
                return None
            raise s3_failure(
                error, self._address(self._prefix + name), "s3:GetObject, s3:ListBucket"
            ) from None

    def replace(self, name: str, seen: bytes, body: bytes) -> bool:
        key = self._prefix + name
        try:
            held = self._client.get_object(Bucket=self._bucket, Key=key)
            if held["Body"].read() != seen:
                return False
            # Source: S3 user guide, "How to prevent object overwrites with conditional writes".
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, IfMatch=held["ETag"])
        except aws.FAILURES as error:
            if aws.code_of(error) in _OTHER:
                return False
            raise s3_failure(
                error, self._address(self._prefix + name), "s3:GetObject, s3:PutObject"
            ) from None
        return True

    def delete(self, names: Sequence[str]) -> None:
        for start in range(0, len(names), _DELETES):
            some = names[start : start + _DELETES]
            try:
                done = self._client.delete_objects(
                    Bucket=self._bucket,
                    Delete={
                        "Objects": [{"Key": self._prefix + name} for name in some],
                        "Quiet": True,
                    },
                )
            except aws.FAILURES as error:
                raise s3_failure(
                    error, self._address(self._prefix + some[0]), "s3:DeleteObject"
                ) from None
            if errors := done.get("Errors"):
                raise StateUnavailable(
                    f"S3 did not delete {len(errors)} objects: {errors[0].get('Code', '')}.",
                    thing=self._address(str(errors[0].get("Key", ""))),
                    hint="They are deleted the next time.",
                )

    def reject(self, name: str) -> None:
        source = {"Bucket": self._bucket, "Key": self._prefix + name}
        try:
            self._client.copy_object(
                Bucket=self._bucket,
                Key=REJECTED + name,
                CopySource=source,  # type: ignore[arg-type]
            )
        except aws.FAILURES as error:
            if aws.code_of(error) in _GONE:
                return
            raise s3_failure(
                error, self._address(self._prefix + name), "s3:GetObject, s3:PutObject"
            ) from None
        self.delete([name])

    def _address(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"
