"""AWS clients: their time-outs, and whether an error of AWS may pass by itself.

Every client of functions, containers and commands is made here, so that a call behaves alike
wherever it runs: it ends well before a function's own time-out, and an outage shows as one.
"""

import os
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

CONNECT_SECONDS, READ_SECONDS = 1.5, 3.0
"""Of one attempt. Publishing makes one attempt, which therefore ends within 4.5 s."""

ATTEMPTS = 3
"""Of calls that botocore may repeat; two pauses of at most a second lie between them."""

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


def config(
    *, attempts: int = ATTEMPTS, connections: int = 10, read_seconds: float = READ_SECONDS
) -> Config:
    """The settings of a client.

    attempts: calls at most, the first included; 1 where the caller repeats them itself.
    connections: kept open at most.
    read_seconds: the longest wait for an answer.
    """
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=connections,
        tcp_keepalive=True,
    )


def client(
    service: str,
    *,
    attempts: int = ATTEMPTS,
    connections: int = 10,
    read_seconds: float = READ_SECONDS,
) -> Any:
    """A client of one service, in the region and with the credentials of the environment.

    AWS_REGION comes before AWS_DEFAULT_REGION, which is the only one that boto3 reads. Source: AWS
    CLI user guide, "Environment variables". Many threads may use it. See `config` for the
    parameters.
    """
    settings = config(attempts=attempts, connections=connections, read_seconds=read_seconds)
    region = os.environ.get("AWS_REGION") or None
    return boto3.client(service, region, config=settings)  # type: ignore[call-overload]


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
