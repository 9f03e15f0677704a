"""Removal of the service. The last file of the folder by its name: nothing is deployed after it."""

import boto3

from tests.integration.deploy.conftest import Deployment
from tests.integration.deploy.test_consumers import exists


def test_removal_says_what_it_keeps(deployment: Deployment) -> None:
    stack = deployment.stack
    said = deployment.sls("remove")
    for kept in (
        stack.state_table,
        stack.claims_bucket,
        stack.dlq_url("listingSearch"),
        stack.undelivered_url("listingSearch"),
    ):
        assert kept in said
    assert (
        boto3.client("dynamodb").describe_table(TableName=stack.state_table)["Table"]["TableStatus"]
        == "ACTIVE"
    )
    assert exists(stack.dlq_url("listingSearch"))
    assert not exists(stack.queue_url("listingSearch"))
