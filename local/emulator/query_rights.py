"""Gap: a request that names a query of Athena needs a right on every resource.

On AWS it needs the right on the query's workgroup.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html, Actions.
Shown by test_archive.py::test_the_api_answers_what_the_command_answers.
"""

import json
from typing import Any

from ministack.core import iam_actions
from ministack.services import athena

from local.emulator.patch import Function, around


@around(iam_actions, "extract_resource_arn")
def the_workgroup_of_the_query(
    original: Function,
    service: str,
    method: str,
    path: str,
    headers: Any,
    body: bytes,
    query_params: Any,
    region: str,
    account_id: str,
) -> str:
    """The resource of a request: for a query of Athena its workgroup."""
    found: str = original(service, method, path, headers, body, query_params, region, account_id)
    if service != "athena" or found != "*" or b"QueryExecutionId" not in (body or b""):
        return found
    query = athena._executions.get(json.loads(body)["QueryExecutionId"])
    if query is None:
        return found
    return f"arn:aws:athena:{region}:{account_id}:workgroup/{query['WorkGroup']}"
