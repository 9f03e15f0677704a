"""AWS errors: whether one is transient or permanent, and the error that a caller gets for it."""

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from shared.values.errors import RowlineError, StackError, StateUnavailable

FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""Everything that a client raises: an answer that is an error, none, or one that is not AWS's."""

_PASSING = frozenset(
    """
    ExpiredToken ExpiredTokenException InternalError InternalErrorException InternalFailure
    InternalServerError KMS.ThrottlingException KMSThrottling KMSThrottlingException KmsThrottled
    LimitExceededException OverLimit ProvisionedThroughputExceededException RequestExpired
    RequestLimitExceeded RequestThrottled RequestTimeout RequestTimeoutException
    ServiceUnavailable SlowDown Throttled ThrottledException Throttling ThrottlingException
    TooManyRequestsException TransactionConflictException
    """.split()
)
"""Errors with a 4xx status that pass by themselves. Sources: the API references of DynamoDB, S3,
Secrets Manager, SNS and SQS, each under "Common Error Types" and the operation's own errors.
"""


_EXPIRED = "The credentials have expired: log in again, or set new ones."
_UNKNOWN = "AWS does not accept these credentials: see `aws sts get-caller-identity`."
_CREDENTIALS = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), _EXPIRED),
    **dict.fromkeys(("SSOTokenLoadError", "UnauthorizedSSOTokenError"), _EXPIRED),
    **dict.fromkeys(("InvalidClientTokenId", "UnrecognizedClientException"), _UNKNOWN),
    **dict.fromkeys(("InvalidAccessKeyId", "SignatureDoesNotMatch"), _UNKNOWN),
    **dict.fromkeys(("InvalidSignatureException", "AuthFailure"), _UNKNOWN),
    "NoCredentialsError": "Set AWS_PROFILE, or log in.",
    "NoRegionError": "Set AWS_REGION.",
}


def code_of(error: Exception) -> str:
    """The error code in AWS's answer; for any other error, the name of its class."""
    if isinstance(error, ClientError):
        return str(error.response["Error"].get("Code", ""))
    return type(error).__name__


def message_of(error: Exception) -> str:
    """What AWS, or the client, says of an error, without a full stop."""
    text = error.response["Error"].get("Message", "") if isinstance(error, ClientError) else error
    return str(text).rstrip(".")


def credentials_hint(error: Exception) -> str:
    """What to do where credentials or the region are the trouble; empty for any other error.

    Source: IAM user guide, "Troubleshoot IAM" (access denied and temporary credentials), and the
    API references, each under "Common Error Types".
    """
    return _CREDENTIALS.get(code_of(error), "")


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed later, without anybody doing anything."""
    if not isinstance(error, ClientError):
        return True  # no answer: the call may or may not have been carried out
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or status == 429 or is_passing_code(code_of(error))


def is_passing_code(code: str) -> bool:
    """The same for the code of one entry of a batch."""
    return code in _PASSING


RIGHTS_OF_COMMANDS = "The page iam.md lists the rights that each command needs."


def failure(system: str, error: Exception, *, thing: str, hint: str) -> RowlineError:
    """StateUnavailable when the same call may succeed later, else StackError.

    system: that was called. thing: of the call. hint: for a refusal.
    """
    said = f"({code_of(error)}): {message_of(error)}."
    if is_passing(error):
        return StateUnavailable(
            f"{system} did not answer {said}",
            thing=thing,
            hint=credentials_hint(error) or "The same call may succeed later.",
        )
    hint = credentials_hint(error) or hint
    return StackError(f"{system} refuses {said}", thing=thing, hint=hint)


def s3_failure(error: Exception, address: str, rights: str) -> RowlineError:
    """The same of S3. rights: of the role, for the call."""
    hint = (
        f"The role needs {rights} on this bucket (docs/iam.md). Nothing is lost: work continues "
        "where it stopped."
    )
    return failure("S3", error, thing=address, hint=hint)
