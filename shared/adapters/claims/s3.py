"""The claim store on S3: `rows/` and `claims/` of the stage's bucket.

A life-cycle rule of the bucket deletes what is under `rows/`. The journal stays under `claims/`,
where relays have always looked for it; large rows that were published before `rows/` was used are
there too, and their messages still find them.
"""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from shared.values.errors import StackError, StateUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


_TRANSIENT = {
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "ThrottlingException",
    "ExpiredToken",
    "RequestExpired",
}
"""May pass by themselves although their status is 4xx. Source: S3 API reference, "Error
responses".
"""


ROWS = "rows"
"""The prefix of large rows. The bucket's life-cycle rule names it (resources/claims.yml)."""

KEPT = "claims"
"""The prefix of what is kept."""


class S3Claims:
    """See the contract."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, name: str, body: bytes) -> str:
        return self._write(f"{ROWS}/{name}", body)

    def keep(self, name: str, body: bytes) -> str:
        return self._write(f"{KEPT}/{name}", body)

    def _write(self, key: str, body: bytes) -> str:
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType="application/json"
            )
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            raise self._failed(error, key, "be written", "s3:PutObject") from None
        return f"s3://{self._bucket}/{key}"

    def find(self, name: str) -> bytes | None:
        key = f"{KEPT}/{name}"
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in (
                "NoSuchKey",
                "404",
            ):
                return None
            raise self._failed(error, key, "be read", "s3:GetObject, s3:ListBucket") from None

    def get(self, address: str) -> bytes:
        parts = urlsplit(address)
        try:
            return self._client.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))[
                "Body"
            ].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404", "NoSuchBucket"):
                raise StackError(
                    "is gone.", thing=address, hint="Fill the consumer again: rowline backfill."
                ) from None
            raise

    def _failed(self, error: Exception, key: str, what: str, rights: str) -> StackError:
        address = f"s3://{self._bucket}/{key}"
        if not isinstance(error, ClientError) or _may_pass(error):
            return StateUnavailable(
                f"S3 did not answer: {error}", thing=address, hint="It is tried again."
            )
        return StackError(
            f"cannot {what}: {error}.",
            thing=address,
            hint=(
                f"The relay needs {rights} on this bucket (docs/iam.md). Nothing is lost: it "
                "continues from its checkpoint."
            ),
        )


def _may_pass(error: ClientError) -> bool:
    return (
        error.response["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500
        or error.response["Error"]["Code"] in _TRANSIENT
    )
