"""The state stores in one DynamoDB table (layout: shared/adapters/state/__init__.py)."""

from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.archive_progresses import DynamoArchiveProgresses
from shared.adapters.state.dynamodb.coverages import DynamoCoverages
from shared.adapters.state.dynamodb.deletions import DynamoDeletions
from shared.adapters.state.dynamodb.done_messages import DynamoDoneMessages
from shared.adapters.state.dynamodb.dues import DynamoDues
from shared.adapters.state.dynamodb.gates import DynamoGates
from shared.adapters.state.dynamodb.groups_in_hand import DynamoGroupsInHand
from shared.adapters.state.dynamodb.jobs import DynamoJobs
from shared.adapters.state.dynamodb.marks import DynamoMarks
from shared.adapters.state.dynamodb.pair_store import DynamoPairStore
from shared.adapters.state.dynamodb.parked import DynamoParked
from shared.adapters.state.dynamodb.pulses import DynamoPulses
from shared.adapters.state.dynamodb.redriven import DynamoRedriven
from shared.adapters.state.dynamodb.run_leases import DynamoRunLeases
from shared.adapters.state.dynamodb.schemas import DynamoSchemas
from shared.adapters.state.dynamodb.streams import DynamoStreams
from shared.adapters.state.dynamodb.verify_reports import DynamoVerifyReports
from shared.adapters.state.state import State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

__all__ = ["DynamoCoverages", "DynamoDues", "DynamoSchemas", "DynamoStreams", "open_state"]


def open_state(client: "DynamoDBClient", table: str) -> State:
    """All stores in one table."""
    return State(
        streams=DynamoStreams(client, table),
        schemas=DynamoSchemas(client, table),
        coverage=DynamoCoverages(client, table),
        marks=DynamoMarks(client, table),
        parked=DynamoParked(client, table),
        redriven=DynamoRedriven(client, table),
        jobs=DynamoJobs(client, table),
        groups_in_hand=DynamoGroupsInHand(client, table),
        deletions=DynamoDeletions(client, table),
        done_messages=DynamoDoneMessages(client, table),
        dues=DynamoDues(client, table),
        reports=DynamoVerifyReports(client, table),
        pulses=DynamoPulses(client, table),
        leases=DynamoRunLeases(client, table),
        gates=DynamoGates(client, table),
        pairs=DynamoPairStore(client, table),
        archive_progress=DynamoArchiveProgresses(client, table),
    )
