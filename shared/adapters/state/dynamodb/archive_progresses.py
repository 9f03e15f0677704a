"""The archive's progress: one item of the stage."""

from typing import TYPE_CHECKING

import msgspec

from shared.adapters.state.dynamodb.state_table import StateTable
from shared.values.archive_progress import ArchiveProgress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_KEY = ("archive", "progress")


class DynamoArchiveProgresses:
    """The progress in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def save(self, progress: ArchiveProgress) -> None:
        pk, sk = _KEY
        self._table.put({"pk": pk, "sk": sk, "progress": msgspec.json.encode(progress).decode()})

    def read(self) -> ArchiveProgress:
        item = self._table.get(*_KEY)
        if not item:
            return ArchiveProgress()
        return msgspec.json.decode(item["progress"], type=ArchiveProgress)
