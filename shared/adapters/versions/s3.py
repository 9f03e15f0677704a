"""Former versions in S3. See the contract."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.adapters.aws_errors import FAILURES, s3_failure
from shared.adapters.objects.s3_deletion import delete_objects

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
                former: list[ObjectIdentifierTypeDef] = [
                    {"Key": each["Key"], "VersionId": each["VersionId"]}
                    for each in page.get("Versions", [])
                    if not each["IsLatest"]
                ]
                delete_objects(self._client, self._bucket, former, _RIGHTS)
                removed += len(former)
        except FAILURES as error:
            raise s3_failure(error, f"s3://{self._bucket}", _RIGHTS) from None
        return removed
