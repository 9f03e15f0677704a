"""The topic on SNS FIFO."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.adapters import aws
from shared.adapters.aws_errors import FAILURES, code_of, is_passing, is_passing_code, message_of
from shared.adapters.topic.contract import Entry
from shared.values.errors import TopicError

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

ATTEMPTS = 1
"""botocore repeats no call: the relay does, with the same deduplication ids, while it holds the
lease (shared/flows/relay/lease/lease_margins.py).
"""


def open_topic(topic_arn: str) -> "SnsTopic":
    """The topic by its ARN, in the region and with the credentials of the environment."""
    return SnsTopic(aws.client("sns", attempts=ATTEMPTS), topic_arn)


class SnsTopic:
    """One SNS FIFO topic. `client` makes a single attempt a call, see `open_topic`."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client, self._arn = client, topic_arn

    def publish(self, entries: list[Entry]) -> list[str | None]:
        try:
            reply = self._client.publish_batch(
                TopicArn=self._arn, PublishBatchRequestEntries=_entries(entries)
            )
        except FAILURES as error:
            if is_passing(error):  # without a reply it may or may not have been published
                return [code_of(error)] * len(entries)
            raise self._refused(code_of(error), message_of(error)) from None
        fates: list[str | None] = ["no reply for this entry"] * len(entries)
        for done in reply.get("Successful", []):
            fates[int(done["Id"])] = None
        for failed in reply.get("Failed", []):
            if failed.get("SenderFault") and not is_passing_code(failed["Code"]):
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
                code,
                "Nothing is lost: the relay continues from its checkpoint once this is corrected.",
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
