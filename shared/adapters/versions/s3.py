"""Former versions in S3. See the contract."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.adapters import aws
from shared.adapters.aws_failure import s3_failure
from shared.values.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_RIGHTS = "s3:GetBucketVersioning, s3:ListBucketVersions, s3:DeleteObjectVersion"


class S3FormerVersions:
    """See the contract."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def remove(self, before_each_page: Callable[[], None]) -> int:
        removed = 0
        try:
            if "Status" not in self._client.get_bucket_versioning(Bucket=self._bucket):
                return 0
            pages = self._client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=self._bucket):
                before_each_page()
                removed += self._delete(
                    [
                        {"Key": each["Key"], "VersionId": each["VersionId"]}
                        for each in page.get("Versions", [])
                        if not each["IsLatest"]
                    ]
                )
        except aws.FAILURES as error:
            raise s3_failure(error, f"s3://{self._bucket}", _RIGHTS) from None
        return removed

    def _delete(self, versions: "list[ObjectIdentifierTypeDef]") -> int:
        """Delete what one page has, which is what one request takes: 1,000.

        Sources: S3 API reference, ListObjectVersions, "MaxKeys"; DeleteObjects.
        """
        if not versions:
            return 0
        done = self._client.delete_objects(
            Bucket=self._bucket, Delete={"Objects": versions, "Quiet": True}
        )
        for each in done.get("Errors", []):
            raise StackError(
                f"a former version of {each.get('Key')} stays: {each.get('Message')}.",
                thing=f"s3://{self._bucket}",
                hint=f"The role needs {_RIGHTS}. MFA delete and Object Lock keep versions, too.",
            )
        return len(versions)
