"""A queue on SQS FIFO."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.adapters.aws_errors import FAILURES, code_of, failure, is_passing, is_passing_code
from shared.adapters.queue.contract import MAX_RECEIVED
from shared.adapters.topic.contract import MAX_ENTRIES, Entry
from shared.values.delivery import Delivery
from shared.values.errors import RowlineError, StateUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


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
        except FAILURES as error:
            if is_passing(error):  # without a reply they may or may not have been sent
                return [code_of(error)] * len(entries)
            raise self._failed(error) from None
        fates: list[str | None] = ["no reply for this entry"] * len(entries)
        for done in reply.get("Successful", []):
            fates[int(done["Id"])] = None
        for failed in reply.get("Failed", []):
            fates[int(failed["Id"])] = failed["Code"]
        return fates

    def receive(
        self, most: int = MAX_RECEIVED, *, visibility: int | None = None, wait: int = 0
    ) -> list[Delivery]:
        """With an id of the attempt, a repeat after a lost reply gets the same messages.

        Else they would be invisible until their time-out. Source: SQS developer guide, "Using the
        Amazon SQS receive request attempt ID".
        """
        options: dict[str, Any] = {} if visibility is None else {"VisibilityTimeout": visibility}
        try:
            reply = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, MAX_RECEIVED),
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
                WaitTimeSeconds=wait,
                ReceiveRequestAttemptId=uuid.uuid4().hex,
                **options,
            )
        except FAILURES as error:
            raise self._failed(error) from None
        return [_delivery(message) for message in reply.get("Messages", [])]

    def hide(self, receipt_handles: list[str], seconds: int) -> set[str]:
        def request(handles: list[str]) -> dict[str, Any]:
            return dict(
                self._client.change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                        for number, handle in enumerate(handles)
                    ],
                )
            )

        return self._refused(receipt_handles, request)

    def delete(self, receipt_handles: list[str]) -> set[str]:
        def request(handles: list[str]) -> dict[str, Any]:
            return dict(
                self._client.delete_message_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": handle}
                        for number, handle in enumerate(handles)
                    ],
                )
            )

        return self._refused(receipt_handles, request)

    def _refused(
        self, receipt_handles: list[str], request: Callable[[list[str]], dict[str, Any]]
    ) -> set[str]:
        """Ask for ten handles at a time; returns those that were refused.

        Source of what an expired handle answers: AWS re:Post Knowledge Center, "How do I
        troubleshoot ReceiptHandleIsInvalid and InvalidParameterValue errors"; in a batch it is an
        entry of `Failed` that is the sender's fault.
        """
        refused: set[str] = set()
        for start in range(0, len(receipt_handles), MAX_ENTRIES):
            handles = receipt_handles[start : start + MAX_ENTRIES]
            try:
                reply = request(handles)
            except FAILURES as error:
                raise self._failed(error) from None
            for failed in reply.get("Failed", []):
                if not failed.get("SenderFault") or is_passing_code(failed["Code"]):
                    raise self._unavailable(failed["Code"])
                refused.add(handles[int(failed["Id"])])
        return refused

    def depth(self) -> tuple[int, int]:
        try:
            attributes = self._client.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"]
        except FAILURES as error:
            raise self._failed(error) from None
        return int(attributes["ApproximateNumberOfMessages"]), int(
            attributes["ApproximateNumberOfMessagesNotVisible"]
        )

    def _failed(self, error: Exception) -> RowlineError:
        hint = "Deploy the stack again; was the queue or its policy changed by hand?"
        return failure("SQS", error, thing=self._url, hint=hint)

    def _unavailable(self, code: str) -> StateUnavailable:
        return StateUnavailable(
            f"SQS did not answer ({code}).",
            thing=self._url,
            hint="The same call may succeed later.",
        )


def _delivery(message: Any) -> Delivery:
    """A received message is a function's record, but for the case of the names.

    Source: SQS API reference, ReceiveMessage; Lambda developer guide, "Example Amazon SQS FIFO
    message event".
    """
    texts = {
        name: {"stringValue": value.get("StringValue")}
        for name, value in (message.get("MessageAttributes") or {}).items()
    }
    return Delivery.of(
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": texts,
        }
    )
