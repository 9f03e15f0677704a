"""A queue on SQS FIFO."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.topic.contract import Entry
from shared.values.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

MAX_ENTRIES = 10
_GONE_OR_DENIED = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "AccessDenied",
    "AccessDeniedException",
    "KMS.AccessDeniedException",
}


class SqsQueue:
    """One SQS FIFO queue by its URL."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client, self._url = client, url

    def send(self, entries: list[Entry]) -> list[str | None]:
        try:
            reply = self._client.send_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {
                        "Id": str(number),
                        "MessageBody": entry.body,
                        "MessageGroupId": entry.group,
                        "MessageDeduplicationId": entry.deduplication_id,
                        "MessageAttributes": {
                            name: {"DataType": "String", "StringValue": value}
                            for name, value in entry.attributes.items()
                        },
                    }
                    for number, entry in enumerate(entries)
                ],
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE_OR_DENIED:
                raise self._refused(error) from None
            return [error.response["Error"]["Code"]] * len(entries)
        except BotoCoreError as error:  # no reply: it may or may not have been sent
            return [type(error).__name__] * len(entries)
        fates: list[str | None] = ["no reply for this entry"] * len(entries)
        for done in reply.get("Successful", []):
            fates[int(done["Id"])] = None
        for failed in reply.get("Failed", []):
            fates[int(failed["Id"])] = failed["Code"]
        return fates

    def delay(self, receipt_handles: list[str], seconds: int) -> None:
        for start in range(0, len(receipt_handles), MAX_ENTRIES):
            handles = receipt_handles[start : start + MAX_ENTRIES]
            try:
                self._client.change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                        for number, handle in enumerate(handles)
                    ],
                )
            except (ClientError, BotoCoreError):
                return  # the queue's own visibility time-out applies

    def depth(self) -> tuple[int, int]:
        try:
            attributes = self._client.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"]
        except ClientError as error:
            raise self._refused(error) from None
        return int(attributes["ApproximateNumberOfMessages"]), int(
            attributes["ApproximateNumberOfMessagesNotVisible"]
        )

    def _refused(self, error: ClientError) -> StackError:
        return StackError(
            f"SQS refuses ({error.response['Error']['Code']}).",
            thing=self._url,
            hint="Deploy the stack again; was the queue or its policy changed by hand?",
        )
