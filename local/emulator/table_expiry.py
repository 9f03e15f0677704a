"""Gap: AWS::DynamoDB::Table ignores TimeToLiveSpecification.

Shown by test_stacks.py::test_table_keeps_its_expiry.
"""

from typing import Any

from ministack.services import dynamodb

from local.emulator.patch import after_resource


@after_resource("AWS::DynamoDB::Table")
def keep_expiry(name: str, properties: dict[str, Any]) -> None:
    """Give it to UpdateTimeToLive."""
    if given := properties.get("TimeToLiveSpecification"):
        enabled = (
            str(given.get("Enabled")).lower() == "true"
        )  # CloudFormation passes booleans as text
        dynamodb._update_ttl(
            {"TableName": name, "TimeToLiveSpecification": {**given, "Enabled": enabled}}
        )
