"""Everything kept: what a deployed stage keeps anywhere, object by object, for a byte scan."""

import json
from collections.abc import Iterator
from typing import Any

import boto3

from tests.integration.stack.conftest import DeployedStack
from tests.worlds.byte_scan import SoughtValues

Kept = tuple[str, bytes]
"""A place, and the bytes there."""

_PAGE = 5_000


def traces(stack: DeployedStack, values: SoughtValues) -> dict[str, set[str | int | bytes]]:
    """Place → which of the values are there."""
    found: dict[str, set[str | int | bytes]] = {}
    for place, body in everything(stack):
        if here := values.within(place.encode()) | values.within(body):
            found[place] = found.get(place, set()) | here
    return found


def everything(stack: DeployedStack) -> Iterator[Kept]:
    """All of it. What only AWS can remove comes last: its places begin with `aws:`."""
    yield from objects()
    yield from items()
    yield from documents(stack)
    yield from messages()
    yield from catalog()
    yield from written_by_aws(stack)


def objects() -> Iterator[Kept]:
    """Every version of every object with its metadata, and uploads that never ended.

    The functions' packages are made before there are any rows.
    """
    s3 = boto3.client("s3")
    for bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        if "serverlessdeployment" in bucket.lower():
            continue
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for each in page.get("DeleteMarkers", []):
                yield f"s3:{bucket}/{each['Key']} marker", b""
            for each in page.get("Versions", []):
                wanted = {"VersionId": each["VersionId"]} if each["VersionId"] != "null" else {}
                got = s3.get_object(Bucket=bucket, Key=each["Key"], **wanted)
                place = f"s3:{bucket}/{each['Key']}"
                yield place, got["Body"].read()
                yield f"{place} metadata", json.dumps(got["Metadata"]).encode()
        for each in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            yield f"s3:{bucket}/{each['Key']} upload", b""


def items() -> Iterator[Kept]:
    """Every item of every table."""
    dynamodb = boto3.client("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            for item in page["Items"]:
                yield f"dynamodb:{item['pk']['S']} {item['sk']['S']}", _plain(item)


def _plain(item: Any) -> bytes:
    """An item's values one below the other, as they are."""
    if isinstance(item, bytes):
        return item
    if isinstance(item, dict):
        return b"\n".join(
            part for name, each in item.items() for part in (name.encode(), _plain(each))
        )
    if isinstance(item, list):
        return b"\n".join(map(_plain, item))
    return str(item).encode()


def documents(stack: DeployedStack) -> Iterator[Kept]:
    """Every document of every index, hidden ones too, with the aliases and mappings."""
    index = stack.servers.server("elasticsearch")
    index.request("POST", "/_refresh?expand_wildcards=all")
    for name, about in index.request("GET", "/_all?expand_wildcards=all").items():
        yield f"index:{name}", json.dumps(about).encode()
        after: list[Any] = []
        while True:
            asked = {
                **{"size": _PAGE, "sort": [{"_doc": "asc"}], "stored_fields": ["_routing"]},
                **({"search_after": after} if after else {}),
            }
            asked["_source"] = True
            hits = index.request("POST", f"/{name}/_search", asked)["hits"]["hits"]
            yield f"index:{name}", b"\n".join(json.dumps(each).encode() for each in hits)
            if len(hits) < _PAGE:
                break
            after = hits[-1]["sort"]


def messages() -> Iterator[Kept]:
    """What waits in every queue. It is seen and stays there."""
    sqs = boto3.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        got = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, AttributeNames=["All"]
        )
        for each in got.get("Messages", []):
            yield f"sqs:{url.rpartition('/')[2]}", json.dumps(each, default=str).encode()


def catalog() -> Iterator[Kept]:
    """Tables and views."""
    glue = boto3.client("glue")
    for database in glue.get_databases()["DatabaseList"]:
        for table in glue.get_tables(DatabaseName=database["Name"])["TableList"]:
            yield f"glue:{table['Name']}", json.dumps(table, default=str).encode()


def written_by_aws(stack: DeployedStack) -> Iterator[Kept]:
    """Logs, traces, and the history of queries: AWS removes them when they are old enough."""
    logs = boto3.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for lines in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                for each in lines["events"]:
                    yield f"aws:logs {name}", each["message"].encode()
    emulator: Any = stack.servers.server("emulator")
    if emulator.traces.exists():
        yield "aws:x-ray", emulator.traces.read_bytes()
    athena = boto3.client("athena")
    for group in athena.list_work_groups()["WorkGroups"]:
        ids = athena.list_query_executions(WorkGroup=group["Name"])["QueryExecutionIds"]
        for id in ids:
            about = athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]
            yield f"aws:athena {about['Status']['State']}", json.dumps(about, default=str).encode()
