"""The claim store on S3: `rows/` and `claims/` of the stage's bucket.

A life-cycle rule of the bucket deletes what is under `rows/`. The journal stays under `claims/`,
where relays have always looked for it; large rows that were published before `rows/` was used are
there too, and their messages still find them.
"""

from typing import TYPE_CHECKING

from shared.adapters.aws_errors import FAILURES, code_of, s3_failure
from shared.values.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


_GONE = ("NoSuchKey", "NoSuchBucket", "404")


ROWS = "rows"
"""The prefix of large rows. The bucket's life-cycle rule names it (resources/claims.yml)."""

PARKED = "parked"
"""The prefix of payloads of parked changes. The same file has their life-cycle rule."""

DROPPED = "dropped"
"""The prefix of dropped parked changes; they expire with the record of the job."""

KEPT = "claims"
"""The prefix of what is kept."""


class S3Claims:
    """See the contract."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, name: str, body: bytes) -> str:
        return self._write(f"{ROWS}/{name}", body)

    def park(self, name: str, body: bytes) -> str:
        return self._write(f"{PARKED}/{name}", body)

    def archive(self, name: str, body: bytes) -> str:
        return self._write(f"{DROPPED}/{name}", body)

    def discard(self, address: str) -> None:
        bucket, key = _place(address)
        try:
            self._client.delete_object(Bucket=bucket, Key=key)
        except FAILURES as error:
            raise s3_failure(error, self._address(key), "s3:DeleteObject") from None

    def keep(self, name: str, body: bytes) -> str:
        return self._write(f"{KEPT}/{name}", body)

    def _write(self, key: str, body: bytes) -> str:
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType="application/json"
            )
        except FAILURES as error:
            raise s3_failure(error, self._address(key), "s3:PutObject") from None
        return self._address(key)

    def find(self, name: str) -> bytes | None:
        return self._find(f"{KEPT}/{name}")

    def find_parked(self, address: str) -> bytes | None:
        return self._find(_place(address)[1])

    def _find(self, key: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except FAILURES as error:
            if code_of(error) in _GONE:
                return None
            raise s3_failure(error, self._address(key), "s3:GetObject, s3:ListBucket") from None

    def get(self, address: str) -> bytes:
        bucket, key = _place(address)
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except FAILURES as error:
            if code_of(error) in _GONE:
                raise StackError(
                    "is gone.", thing=address, hint="Fill the consumer again: rowline backfill."
                ) from None
            raise s3_failure(error, self._address(key), "s3:GetObject, s3:ListBucket") from None

    def _address(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


def _place(address: str) -> tuple[str, str]:
    """(bucket, key) of an address; a key may hold any character."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key
