"""The landing in S3: `landing/` of the archive's bucket; `rejected/` keeps what cannot be read.

Changes that are read again because the table lost them come under `healing/`: the ledger has their
numbers, so the committer would drop them. Firehose writes below `landing/firehose/`, and what it
could not deliver there below `firehose-errors/`.
"""

from typing import TYPE_CHECKING

from shared.adapters.aws_errors import FAILURES, code_of, s3_failure
from shared.adapters.objects.s3_folder import GONE, S3Folder

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX, HEALING = "landing/", "healing/"
REJECTED = "rejected/"
FIREHOSE_ERRORS = "firehose-errors/"


class S3Landing(S3Folder):
    """See the contract."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str = PREFIX) -> None:
        super().__init__(client, bucket, prefix)

    def reject(self, name: str) -> None:
        source = {"Bucket": self._bucket, "Key": self._prefix + name}
        try:
            self._client.copy_object(
                Bucket=self._bucket,
                Key=REJECTED + name,
                CopySource=source,  # type: ignore[arg-type]
            )
        except FAILURES as error:
            if code_of(error) in GONE:
                return
            raise s3_failure(error, self._address(name), "s3:GetObject, s3:PutObject") from None
        self.delete([name])
