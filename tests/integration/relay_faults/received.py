"""What arrives at a queue that is subscribed to the topic."""

import threading
from typing import Any, Self

import boto3

from shared.values.change import Change
from shared.values.message import Message, decode
from shared.values.seq import split_seq


class Received:
    """Takes messages from the queue in a thread, in the order of each group."""

    def __init__(self, queue: str) -> None:
        self._queue, self._sqs = queue, boto3.client("sqs")
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self.messages: list[Message] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _receive(self) -> None:
        while not self._ending.is_set():
            got = self._sqs.receive_message(
                QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
            ).get("Messages", [])
            self.messages += [decode(each["Body"]) for each in got]
            if got:
                gone: Any = [
                    {"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]}
                    for n, each in enumerate(got)
                ]
                self._sqs.delete_message_batch(QueueUrl=self._queue, Entries=gone)

    def changes(self) -> list[Change]:
        """Group after group, each in the order of arrival, what came again left out. Fails where an
        id stands for two changes.
        """
        groups: dict[str, dict[str, Change]] = {}
        for message in list(self.messages):
            for change in message.changes:
                assert (
                    groups.setdefault(message.group, {}).setdefault(change.id, change) == change
                ), "one id, two changes"
        return [change for changes in groups.values() for change in changes.values()]


def check(changes: list[Change]) -> None:
    """Ids are unique, each row's numbers grow, and the numbers of each epoch have no hole.

    The changes are of one table.
    """
    check_numbers(changes)
    last: dict[str, int] = {}
    for change in changes:
        row = repr(change.key)
        assert last.get(row, 0) < change.seq, f"row {row} goes back in time"
        last[row] = change.seq


def check_numbers(changes: list[Change]) -> None:
    """Ids and numbers are unique, and the numbers of each epoch have no hole."""
    assert len({change.id for change in changes}) == len(changes)
    assert len({change.seq for change in changes}) == len(changes)
    epochs: dict[int, list[int]] = {}
    for change in changes:
        epoch, n = split_seq(change.seq)
        epochs.setdefault(epoch, []).append(n)
    for epoch, numbers in epochs.items():
        assert sorted(numbers) == [*range(1, len(numbers) + 1)], f"epoch {epoch} has holes"
