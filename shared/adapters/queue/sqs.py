"""A queue on SQS FIFO."""

from typing import TYPE_CHECKING

from shared.adapters import aws
from shared.adapters.topic.contract import Entry
from shared.values.errors import RowlineError, StackError, StateUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

MAX_ENTRIES = 10


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
        except aws.FAILURES as error:
            if aws.is_passing(error):  # without a reply they may or may not have been sent
                return [aws.code_of(error)] * len(entries)
            raise self._failed(error) from None
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
            except aws.FAILURES:
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
        except aws.FAILURES as error:
            raise self._failed(error) from None
        return int(attributes["ApproximateNumberOfMessages"]), int(
            attributes["ApproximateNumberOfMessagesNotVisible"]
        )

    def _failed(self, error: Exception) -> RowlineError:
        if aws.is_passing(error):
            return StateUnavailable(
                f"SQS did not answer ({aws.code_of(error)}).",
                thing=self._url,
                hint="The call is tried again.",
            )
        return StackError(
            f"SQS refuses ({aws.code_of(error)}).",
            thing=self._url,
            hint="Deploy the stack again; was the queue or its policy changed by hand?",
        )
