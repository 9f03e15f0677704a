"""Own code and a webhook, deployed: what the function does with a published change."""

import json
import uuid
from typing import Any

import boto3

from shared.adapters.stack import Stack
from shared.adapters.state.dynamodb import open_state
from shared.values.message import Message, encode
from tests.integration.deploy.conftest import Deployment
from tests.waiting import wait_for
from tests.worlds.consumer_world import change
from tests.worlds.receiver import KEY, Receiver, listening

PLACE = "\nalerts:"
CODE = """import isodate


def handle(change, context):
    assert context.idempotency_key == change.id
    context.log.info(isodate.duration_isoformat(isodate.Duration(months=change.after["id"])))
    return {"EUR": 1}[change.after["title"]]
"""
MAPPING = """def document(row, table):
    return {"of": table, "name": row["title"]} if row["id"] != 3 else None
"""


REPORT = "    check: report\n"
"""Lets a consumer be removed although a change of it is parked."""


def stanzas(service: str, url: str) -> str:
    return f"""  priceAlerts:
    tables: [market.sellers]
    operations: [u]
    filter: {{changed: [title]}}
    handler: consumers/price_alerts.handle
    requirements: consumers/requirements.txt
  partner:
    tables: [market.sellers]
    http: {{url: "{url}", secret: {service}/partner, batch: 5}}
    mapping: consumers/documents.document
"""


def publish(deployment: Deployment, *changes: Any) -> None:
    attributes = {"source": "shop", "table": "market.sellers", "lane": "live"}
    message = Message("shop", "shop", "market", "sellers", 1, "g", None, list(changes))
    boto3.client("sns").publish(
        TopicArn=deployment.stack.topic_arn,
        Message=encode(message),
        MessageGroupId="g",
        MessageDeduplicationId=uuid.uuid4().hex,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def sent(receiver: Receiver) -> list[tuple[int, str, Any]]:
    """What the webhook got, each change once: a request without an answer is sent again."""
    changes = [each for _, body in receiver.requests for each in body["changes"]]
    by_id = {each["id"]: (each["seq"], each["op"], each["document"]) for each in changes}
    return list(by_id.values())


def store_secret(name: str) -> None:
    """The signing key; a test that runs again finds it there."""
    secrets = boto3.client("secretsmanager")
    content = json.dumps({"signing_key": KEY})
    try:
        secrets.create_secret(Name=name, SecretString=content)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=name, SecretString=content)


def test_own_code_and_a_webhook_get_a_published_change(deployment: Deployment) -> None:
    project = deployment.project
    for name, text in {
        "price_alerts.py": CODE,
        "documents.py": MAPPING,
        "requirements.txt": "isodate==0.7.2\n",
    }.items():
        (project.folder / "consumers").mkdir(exist_ok=True)
        (project.folder / "consumers" / name).write_text(text)
    store_secret(f"{deployment.service}/partner")
    with listening() as receiver:
        lines = stanzas(deployment.service, receiver.url)
        project.edit("serverless.yml", PLACE, f"{lines}{PLACE}")
        before = stack_now(deployment)
        assert not before.has_changed_to(stack_now(deployment))
        try:
            deployment.sls("deploy")
            assert before.has_changed_to(stack_now(deployment)), "the watch judges nothing then"
            one_change_reaches_each(deployment, receiver)
        finally:
            project.edit("serverless.yml", lines, "")
            project.edit("serverless.yml", "  rowline:\n", f"  rowline:\n{REPORT}")
            deployment.sls("deploy")
            project.edit("serverless.yml", REPORT, "")


def stack_now(deployment: Deployment) -> Stack:
    """The stack as a function reads it."""
    return Stack.around(deployment.stack.settings)


def one_change_reaches_each(deployment: Deployment, receiver: Receiver) -> None:
    publish(
        deployment,
        change(1, "c", 1, title="EUR"),
        change(2, "u", 1, title="USD"),
        change(3, "u", 2, title="EUR"),
        change(4, "c", 3, title="EUR"),
    )
    state = open_state(boto3.client("dynamodb"), deployment.stack.state_table)
    wait_for(lambda: len(list(state.parked.all("priceAlerts"))) == 1, 180)
    (parked,) = state.parked.all("priceAlerts")
    assert (parked.op, parked.message) == ("u", "HandlerError: KeyError 'USD'")
    assert "price_alerts.py" in parked.stack
    wait_for(lambda: len(sent(receiver)) == 4, 180)
    assert sent(receiver) == [
        (1, "c", {"of": "market.sellers", "name": "EUR"}),
        (2, "u", {"of": "market.sellers", "name": "USD"}),
        (3, "u", {"of": "market.sellers", "name": "EUR"}),
        (4, "d", None),
    ]
