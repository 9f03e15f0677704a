"""A stream of Amazon Data Firehose.

PutRecordBatch answers for each record, and a throttled call is an error as a whole. Only records
that were not accepted are sent again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from shared.adapters.aws_errors import FAILURES, code_of, is_passing
from shared.values.errors import StackError

RECORDS, BYTES = 500, 4 << 20
"""Of one call. Source: Firehose API reference, PutRecordBatch."""

_AROUND = 64
"""Bytes of the request's JSON around a record."""

PAUSES = (0.2, 0.8, 2.0)
"""Seconds before each repetition."""


class FirehoseStream:
    """See the contract.

    client: makes one attempt a call, since the pauses here are those of its repetitions.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client, self._name, self._sleep = client, name, sleep

    def put(self, records: Sequence[bytes], may_go_on: Callable[[], bool]) -> list[str]:
        reasons = ["the function's time was over"] * len(records)
        left = list(range(len(records)))
        for pause in (0.0, *PAUSES):
            if not left or not may_go_on():
                break
            if pause:
                self._sleep(pause)
            for some in _calls(records, left):
                if not may_go_on():
                    break
                for at, why in zip(some, self._call([records[at] for at in some]), strict=True):
                    reasons[at] = why
            left = [at for at in left if reasons[at]]
        return reasons

    def _call(self, some: list[bytes]) -> list[str]:
        """Why each record was not accepted; empty for those that were."""
        try:
            answer = self._client.put_record_batch(
                DeliveryStreamName=self._name, Records=[{"Data": each} for each in some]
            )
        except FAILURES as error:
            if is_passing(error):
                return [code_of(error)] * len(some)
            raise StackError(
                f"Firehose refuses: {error}.",
                thing=self._name,
                hint="The role needs firehose:PutRecordBatch on this stream, and the stage's key "
                "must be enabled (docs/iam.md). Nothing is lost.",
            ) from None
        return [str(each.get("ErrorCode") or "") for each in answer["RequestResponses"]]


def _calls(records: Sequence[bytes], wanted: Sequence[int]) -> Iterator[list[int]]:
    """The wanted records in groups that one call takes; Firehose counts them as base64."""
    some: list[int] = []
    size = 0
    for at in wanted:
        one = -(-len(records[at]) // 3) * 4 + _AROUND
        if some and (len(some) == RECORDS or size + one > BYTES - 1024):
            yield some
            some, size = [], 0
        some.append(at)
        size += one
    if some:
        yield some
