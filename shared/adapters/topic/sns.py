"""The topic on SNS FIFO."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from shared.adapters.topic.contract import Entry
from shared.values.errors import TopicError

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

CONNECT_SECONDS, READ_SECONDS = 1.5, 3.0
"""Together under the 5 s that a new holder of the lease waits for the old one's last request
(shared/flows/relay/lease/waiting.py).
"""

_TRANSIENT = {
    "Throttling",
    "Throttled",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "InternalError",
    "InternalFailure",
} | {
    "InternalErrorException",
    "KMSThrottling",
    "KMSThrottlingException",
    "ServiceUnavailable",
    "RequestTimeout",
    "RequestTimeoutException",
    "RequestExpired",
    "ExpiredToken",
    "ExpiredTokenException",
}


def client_config(connections: int = 4) -> Config:
    """botocore's own retries are off: the relay tries again itself, with the same deduplication
    ids, and only while it holds the lease.
    """
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=connections,
        tcp_keepalive=True,
    )


def open_topic(topic_arn: str) -> "SnsTopic":
    """The topic by its ARN, in the region and with the credentials of the environment."""
    return SnsTopic(boto3.client("sns", config=client_config()), topic_arn)


class SnsTopic:
    """One SNS FIFO topic. The client is made with `client_config()`; a boto3 client may be used by
    many threads.
    """

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client, self._arn = client, topic_arn

    def publish(self, entries: list[Entry]) -> list[str | None]:
        try:
            reply = self._client.publish_batch(
                TopicArn=self._arn, PublishBatchRequestEntries=_entries(entries)
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
            if code in _TRANSIENT or status >= 500 or status == 429:
                return [code] * len(entries)
            raise self._refused(code, error.response["Error"].get("Message", "")) from None
        except (
            BotoCoreError,
            ResponseParserError,
        ) as error:  # no reply, or none of SNS: it may or may not have been published
            return [type(error).__name__] * len(entries)
        fates: list[str | None] = ["no reply for this entry"] * len(entries)
        for done in reply.get("Successful", []):
            fates[int(done["Id"])] = None
        for failed in reply.get("Failed", []):
            if failed.get("SenderFault") and failed["Code"] not in _TRANSIENT:
                raise self._refused(failed["Code"], failed.get("Message", ""))
            fates[int(failed["Id"])] = failed["Code"]
        return fates

    def _refused(self, code: str, message: str) -> TopicError:
        hints = {
            "NotFound": "Deploy the stack again; was the topic removed by hand?",
            "NotFoundException": "Deploy the stack again; was the topic removed by hand?",
            "AuthorizationError": (
                "Give the relay's role sns:Publish on the topic, and "
                "kms:GenerateDataKey and kms:Decrypt on its key."
            ),
            "AuthorizationErrorException": (
                "Give the relay's role sns:Publish on the topic, and "
                "kms:GenerateDataKey and kms:Decrypt on its key."
            ),
            "KMSAccessDenied": (
                "Give the relay's role kms:GenerateDataKey and kms:Decrypt on the topic's key."
            ),
        }
        return TopicError(
            f"SNS refuses to publish ({code}): {message.rstrip('.')}.",
            thing=self._arn,
            hint=hints.get(
                code, "Nothing is lost: the relay goes on from its checkpoint once this is mended."
            ),
        )


def _entries(entries: Sequence[Entry]) -> "list[PublishBatchRequestEntryTypeDef]":
    return [
        {
            "Id": str(number),
            "Message": entry.body,
            "MessageGroupId": entry.group,
            "MessageDeduplicationId": entry.deduplication_id,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in entry.attributes.items()
            },
        }
        for number, entry in enumerate(entries)
    ]
