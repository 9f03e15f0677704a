"""S3 deletion: deletes many objects, and says which of them S3 has kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.adapters.aws_errors import FAILURES, is_passing_code, s3_failure
from shared.values.counted import counted
from shared.values.errors import StackError, StateUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_A_REQUEST = 250
"""Objects of one DeleteObjects. S3 takes 1,000 (S3 API reference, DeleteObjects), but answers when
all are deleted: that may take longer than a client waits for an answer.
"""


def delete_objects(
    client: "S3Client",
    bucket: str,
    objects: "Sequence[ObjectIdentifierTypeDef]",
    rights: str = "s3:DeleteObject",
) -> None:
    """Delete objects; one that is gone already is no error.

    rights: of the role, for the call. S3 answers 200 also where it has kept some of them. Raises
    StateUnavailable, StackError for these, too.
    """
    for start in range(0, len(objects), _A_REQUEST):
        some = objects[start : start + _A_REQUEST]
        place = f"s3://{bucket}/{some[0]['Key']}"
        try:
            reply = client.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
        except FAILURES as error:
            raise s3_failure(error, place, rights) from None
        if kept := reply.get("Errors"):
            first = kept[0]
            why = f"({first.get('Code')}): {str(first.get('Message')).rstrip('.')}."
            said = f"S3 has kept {len(kept)} of {counted(len(some), 'object')} {why}"
            place = f"s3://{bucket}/{first.get('Key')}"
            if is_passing_code(str(first.get("Code"))):
                raise StateUnavailable(said, thing=place, hint="They are deleted the next time.")
            raise StackError(
                said,
                thing=place,
                hint=f"The role needs {rights} (docs/iam.md). A bucket policy, Object Lock and MFA "
                "delete keep objects, too.",
            )
