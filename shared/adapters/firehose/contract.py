"""A Firehose stream: records that it accepted arrive in the archive's bucket some time later."""

from collections.abc import Callable, Sequence
from typing import Protocol

MOST_RECORD = 1_000 * 1024
"""Bytes of one record. Source: Firehose API reference, PutRecordBatch."""


class DeliveryStream(Protocol):
    """A stream of records. It may deliver one late, out of order and more than once."""

    def put(self, records: Sequence[bytes], may_go_on: Callable[[], bool]) -> list[str]:
        """Hand records over; returns for each why it was not accepted, empty for an accepted one.

        An accepted record is durable. A record that was not accepted is nevertheless delivered when
        only the answer was lost.

        may_go_on: whether there is time for another request.
        Raises StackError when Firehose refuses the call itself.
        """
        ...
