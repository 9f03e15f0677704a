"""The state stores in one DynamoDB table (layout: shared/adapters/state/contract.py)."""

from shared.adapters.state.dynamodb.consumers import DynamoConsumers
from shared.adapters.state.dynamodb.schemas import DynamoSchemas
from shared.adapters.state.dynamodb.streams import DynamoStreams

__all__ = ["DynamoConsumers", "DynamoSchemas", "DynamoStreams"]
