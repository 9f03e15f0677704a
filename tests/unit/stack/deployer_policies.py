"""The policies of docs/deployer.md, from the template (long: a type of resource each).

CloudFormation calls AWS with the rights of the person who deploys. The schema of a type lists the
calls for it under `handlers`. AWS publishes the schemas in the CloudFormation registry; the pinned
cfn-lint includes them.

`python -m tests.unit.stack.deployer_policies` writes the policies into the page.
"""

import ast
import importlib.util
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore import xform_name

from tests.unit.stack.packaged import ROOT, package_variant

PAGE = ROOT / "docs/deployer.md"
CFN_LINT = importlib.util.find_spec("cfnlint")
assert CFN_LINT
assert CFN_LINT.origin
SCHEMAS = Path(CFN_LINT.origin).parent / "data/schemas/resources"
"""Found without an import, which takes a second of each worker of the tests."""
ACCOUNT, REGION, SERVICE = "111122223333", "eu-west-1", "rowline"
MOST_CHARACTERS = 6144
"""Of a managed policy, white space not counted. Source: IAM user guide, "IAM and AWS STS
quotas".
"""

Policy = dict[str, Any]

UNUSED = {
    "no actions of IAM: an API is tagged by apigateway:POST and DELETE on its tags": (
        r"apigateway:(Tag|Untag)Resource"
    ),
    "a feature of the bucket that the template does not set": (
        r"s3tables:.*|s3:(Put|Delete|Create|Update|Get).*(Metadata(Table|Inventory|Journal|Annotation)"
        r"|ObjectMetadata).*"
        r"|s3:(Put|Delete)(Bucket)?(Accelerate|Analytics|Abac|CORS|Cors|Logging|Metrics"
        r"|IntelligentTiering|Inventory|Notification|ObjectLock|Replication|Website|Versioning"
        r"|Acl).*|s3:PutObjectAcl|s3:PutObjectLockConfiguration"
    ),
    "the template never removes encryption or life-cycle rules": (
        r"s3:DeleteBucket(Encryption|Lifecycle)"
    ),
    "the deployment bucket has no versions": r"s3:GetObjectVersion",
    "replicas, imports, streams or insights of the table": (
        r"dynamodb:(.*TableReplica|.*Item|Query|Scan|(Enable|Disable|Update)Kinesis.*|.*Import.*"
        r"|(Put|Delete)ResourcePolicy|UpdateContributorInsights)|kinesis:.*"
    ),
    "the key is given by its ARN and never replaced": r"kms:(ListAliases|RevokeGrant)",
    "the key is enabled and rotates": r"kms:(DisableKey|EnableKey|DisableKeyRotation)",
    "code signing, file systems, layers, capacity or pinned runtimes of functions": (
        r"lambda:((Put|Delete)FunctionCodeSigningConfig|GetCodeSigningConfig|GetLayerVersion"
        r"|PutFunction(Recursion|Scaling)Config|PutRuntimeManagementConfig|PassCapacityProvider"
        r"|AssociateRuntimeAlias|PublishVersion)|elasticfilesystem:.*|s3files:.*"
    ),
    "data protection of topic or logs, deliveries, indexes": (
        r"sns:PutDataProtectionPolicy|logs:(CreateLogDelivery|PutBearerToken.*"
        r"|(Put|Delete)(DataProtection|Index|Resource)Policy|PutLogGroupDeletionProtection"
        r"|PutLogEvents)|s3:REST.PUT.OBJECT"
    ),
    "roles have one inline policy each, and a boundary is never removed": (
        r"iam:((Attach|Detach)RolePolicy|UpdateRole|UpdateRoleDescription"
        r"|DeleteRolePermissionsBoundary)"
    ),
    "connections of Glue, and databases that Lake Formation governs": (
        r"glue:.*Connection|lakeformation:.*"
    ),
    "account settings and capacity providers of ECS": (
        r"ecs:(PutAccountSetting.*|PutClusterCapacityProviders)"
    ),
}
"""Calls that a schema names for a property that the template does not set: reason → pattern."""

FOREIGN = {
    "AWS::S3::Bucket": "iam:",
    "AWS::SNS::Topic": "iam:",
    "AWS::SNS::Subscription": "iam:",
    "AWS::Events::Rule": "iam:",
    "AWS::Glue::Database": "iam:",
    "AWS::Logs::LogGroup": "firehose:|logs:CreateLogStream|logs:DescribeLogStreams",
    "AWS::Athena::WorkGroup": "iam:|s3:|kms:",
    "AWS::DynamoDB::Table": "iam:|s3:|logs:",
    "AWS::ECS::Cluster": "kms:",
    "AWS::ApiGatewayV2::Api": "s3:",
}
"""Calls of other services that a type makes for such a property: type → pattern."""

FRAMEWORK = """
cloudformation:CreateChangeSet cloudformation:CreateStack cloudformation:DeleteChangeSet
cloudformation:DeleteStack cloudformation:DescribeChangeSet cloudformation:DescribeStackEvents
cloudformation:DescribeStackResource cloudformation:DescribeStacks
cloudformation:ExecuteChangeSet cloudformation:GetTemplate cloudformation:ListStackResources
cloudformation:SetStackPolicy cloudformation:UpdateStack cloudformation:ValidateTemplate
lambda:GetAccountSettings lambda:GetFunction lambda:InvokeFunction
s3:DeleteObject s3:DeleteObjectVersion s3:GetBucketLocation s3:GetObject s3:ListBucket
s3:ListBucketVersions s3:PutObject
""".split()
"""Calls of `sls deploy` and `sls remove` themselves: osls (node_modules/osls/lib/plugins/aws) and
the plugin (plugins/rowline/deploy).
"""

SMOKE = ROOT / "tests/smoke/aws.py"
VARIANTS = ("prod in a VPC", "prod as a container", "prod with the archive")
"""The packaged stages that together have every type."""


@cache
def schema(kind: str) -> dict[str, Any]:
    """The schema of a resource type."""
    for file in SCHEMAS.glob("*.json"):
        text = file.read_text()
        if f'"{kind}"' in text and (found := json.loads(text))["typeName"] == kind:
            return dict(found)
    raise LookupError(kind)


def calls(kind: str) -> set[str]:
    """The calls of CloudFormation to create, read, update and delete a resource of this type."""
    handlers = schema(kind)["handlers"]
    named = {
        action
        for handler in ("create", "read", "update", "delete")
        for action in handlers.get(handler, {}).get("permissions", [])
    }
    unused = [*UNUSED.values(), *([f"(?:{FOREIGN[kind]}).*"] if kind in FOREIGN else [])]
    return {each for each in named if not any(re.fullmatch(one, each) for one in unused)}


def needed(kinds: Iterable[str]) -> set[str]:
    """The actions that a deployment of resources of these types needs."""
    return {*FRAMEWORK, *(action for kind in kinds for action in calls(kind))}


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


ROLES = f"arn:aws:iam::{ACCOUNT}:role/{SERVICE}-*"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/{SERVICE}-boundary"
THROUGH_CLOUDFORMATION = {
    "ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}
}
TAGGED = {"StringLike": {"aws:ResourceTag/rowline:stack": f"{SERVICE}-*"}}
WITH_TAG = {"StringLike": {"aws:RequestTag/rowline:stack": f"{SERVICE}-*"}}
BOUNDED = {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
TO_LAMBDA = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
TO_FIREHOSE = {"StringEquals": {"iam:PassedToService": "firehose.amazonaws.com"}}
TO_ECS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
FOR_ECS = {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}

PolicyStatement = tuple[str, str, list[str] | str, dict[str, Any] | None]
"""Sid, pattern of the actions it takes of those that no statement before it took, resources,
condition.
"""

CODE: list[PolicyStatement] = [
    ("Template", "cloudformation:ValidateTemplate", "*", None),
    ("Stack", "cloudformation:.*", arn("cloudformation", f"stack/{SERVICE}-*"), None),
    ("Buckets", "s3:.*", [f"arn:aws:s3:::{SERVICE}-*", f"arn:aws:s3:::{SERVICE}-*/*"], None),
    ("Quota", "lambda:GetAccountSettings", "*", None),
    ("Mappings", "lambda:.*EventSourceMapping", "*", THROUGH_CLOUDFORMATION),
    (
        "Functions",
        "lambda:.*",
        [arn("lambda", f"function:{SERVICE}-*"), arn("lambda", "event-source-mapping:*")],
        None,
    ),
    ("Network", "ec2:Describe.*", "*", None),
    ("HandRolesOver", "iam:PassRole", ROLES, TO_LAMBDA),
    (
        "BoundedRoles",
        "iam:(CreateRole|PutRolePolicy|DeleteRolePolicy|PutRolePermissionsBoundary)",
        ROLES,
        BOUNDED,
    ),
    ("Roles", "iam:(?!CreateServiceLinkedRole).*", ROLES, None),
]
DATA: list[PolicyStatement] = [
    ("Queues", "sqs:.*", arn("sqs", f"{SERVICE}-*"), None),
    # These support no resource. Source: Service Authorization Reference, "Amazon SNS".
    (
        "Subscriptions",
        "sns:(Get|Set)SubscriptionAttributes|sns:Unsubscribe",
        "*",
        THROUGH_CLOUDFORMATION,
    ),
    ("Topic", "sns:.*", arn("sns", f"{SERVICE}-*"), None),
    ("Table", "dynamodb:.*", arn("dynamodb", f"table/{SERVICE}-*"), None),
    ("LogsOfAll", "logs:Describe.*", "*", None),
    ("Logs", "logs:.*", arn("logs", f"log-group:/aws/lambda/{SERVICE}-*"), None),
    ("Schedule", "events:.*", arn("events", f"rule/{SERVICE}-*"), None),
    ("Alarms", "cloudwatch:.*", arn("cloudwatch", f"alarm:{SERVICE}-*"), None),
    ("NewKey", "kms:(CreateKey|TagResource)", "*", {**THROUGH_CLOUDFORMATION, **WITH_TAG}),
    # Of any key, since a tag may take five minutes to count, and harmless. Source: KMS developer
    # guide, "Use tags to control access to KMS keys".
    (
        "KeyIsRead",
        "kms:(DescribeKey|Get.*|ListResourceTags|EnableKeyRotation)",
        "*",
        THROUGH_CLOUDFORMATION,
    ),
    ("Key", "kms:.*", "*", TAGGED),
]
CONTAINERS: list[PolicyStatement] = [
    # These support no resource. Source: Service Authorization Reference, "Amazon Elastic Container
    # Service".
    ("Tasks", "ecs:.*(TaskDefinition|ServiceDeployments?)", "*", THROUGH_CLOUDFORMATION),
    (
        "Clusters",
        "ecs:.*",
        [arn("ecs", f"{kind}/{SERVICE}-*") for kind in ("cluster", "service", "task-definition")],
        None,
    ),
    ("LogsOfContainers", "logs:(?!Describe).*", arn("logs", f"log-group:/{SERVICE}/*"), None),
    ("HandRolesToTasks", "iam:PassRole", ROLES, TO_ECS),
    (
        "ServiceLinkedRole",
        "iam:CreateServiceLinkedRole",
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        FOR_ECS,
    ),
]
ARCHIVE: list[PolicyStatement] = [
    ("Workgroup", "athena:.*", arn("athena", f"workgroup/{SERVICE}-*"), None),
    (
        "Database",
        "glue:.*",
        [arn("glue", each) for each in ("catalog", f"database/{SERVICE}_*", f"table/{SERVICE}_*")],
        None,
    ),
    # An ARN of API Gateway has no account, and that of an API only its id. Source: API Gateway
    # developer guide, "Amazon Resource Names (ARNs) in API Gateway".
    (
        "HistoryApi",
        "apigateway:.*",
        [f"arn:aws:apigateway:{REGION}::/{each}" for each in ("apis", "apis/*", "tags/*")],
        None,
    ),
    ("Stream", "firehose:.*", arn("firehose", f"deliverystream/{SERVICE}-*"), None),
    ("LogsOfStream", "logs:(?!DescribeLogGroups).*", arn("logs", f"log-group:/{SERVICE}/*"), None),
    ("HandRoleToFirehose", "iam:PassRole", ROLES, TO_FIREHOSE),
    ("StreamKey", "kms:CreateGrant", "*", TAGGED),
]
OF_THE_ARCHIVE = (
    *("AWS::Glue::", "AWS::Athena::", "AWS::ApiGatewayV2::"),
    *("AWS::KinesisFirehose::", "AWS::Logs::LogStream"),
)
LARGEST = {
    "athena": arn("athena", f"workgroup/{SERVICE}-*"),
    "cloudformation": arn("cloudformation", f"stack/{SERVICE}-*"),
    "cloudwatch": "*",
    "dynamodb": arn("dynamodb", f"table/{SERVICE}-*"),
    "ec2": "*",
    "ecr": "*",
    "firehose": arn("firehose", f"deliverystream/{SERVICE}-*"),
    "glue": [
        arn("glue", each) for each in ("catalog", f"database/{SERVICE}_*", f"table/{SERVICE}_*/*")
    ],
    "kms": "*",
    "lambda": "*",
    "logs": [
        arn("logs", f"log-group:{each}*") for each in (f"/aws/lambda/{SERVICE}-", "/rowline/")
    ],
    "s3": [f"arn:aws:s3:::{SERVICE}-*", f"arn:aws:s3:::{SERVICE}-*/*"],
    "secretsmanager": arn("secretsmanager", f"secret:{SERVICE}/*"),
    "sns": "*",
    "sqs": arn("sqs", f"{SERVICE}-*"),
    "xray": "*",
}
"""The resources that the boundary allows a role at most, by service."""


def made_of(statements: list[PolicyStatement], actions: set[str]) -> tuple[Policy, set[str]]:
    """A policy of these statements, and the actions that match none of them."""
    left, made = set(actions), []
    for sid, pattern, resource, condition in statements:
        taken = {each for each in left if re.fullmatch(pattern, each)}
        left -= taken
        if taken:
            made.append(statement(sid, taken, resource, condition))
    return policy(made), left


def deployers(kinds: set[str]) -> dict[str, Policy]:
    """The policies of a person who deploys resources of these types, by name."""
    containers = {each for each in kinds if each.startswith("AWS::ECS::")}
    stores = {each for each in kinds if each.startswith(OF_THE_ARCHIVE)}
    actions = needed(kinds - containers - stores)
    code, left = made_of(CODE, actions)
    data, left = made_of(DATA, left)
    assert not left, f"no statement takes {sorted(left)}"
    tasks, left = made_of(
        CONTAINERS, {each for kind in containers for each in calls(kind)} | logs()
    )
    left -= actions
    assert not left, f"no statement takes {sorted(left)}"
    archive, left = made_of(ARCHIVE, {each for kind in stores for each in calls(kind)} | logs())
    left -= actions
    assert not left, f"no statement takes {sorted(left)}"
    return {
        "rowline-deployer-archive": archive,
        "rowline-deployer-code": code,
        "rowline-deployer-data": data,
        "rowline-deployer-containers": tasks,
    }


def logs() -> set[str]:
    """The actions for a log group that belongs to no function."""
    return {each for each in calls("AWS::Logs::LogGroup") if "Describe" not in each}


def boundary(templates: Iterable[dict[str, Any]]) -> Policy:
    """The permissions boundary: the actions of all roles of a stage."""
    granted = {action for template in templates for action in of_roles(template)}
    statements = [
        statement(service.capitalize(), actions, LARGEST[service], None)
        for service in sorted({each.partition(":")[0] for each in granted})
        if (actions := {each for each in granted if each.startswith(f"{service}:")})
    ]
    return policy(statements)


def of_roles(template: dict[str, Any]) -> Iterator[str]:
    """Every action that a role of the template is granted."""
    for made in template["Resources"].values():
        for attached in made["Properties"].get("Policies", []) if "Role" in made["Type"] else []:
            for one in attached["PolicyDocument"]["Statement"]:
                yield from one["Action"]


def smoke() -> Policy:
    """The calls of `make aws-smoke` besides the deployment.

    They are its own calls, read from its text, and those of the state table's adapter.
    """
    calls = {*boto_calls(SMOKE), "dynamodb:GetItem", "dynamodb:Query"} - {"sts:GetCallerIdentity"}
    statements: list[PolicyStatement] = [
        ("SmokeMappings", "lambda:List.*", "*", None),
        ("SmokeQueues", "sqs:.*", arn("sqs", f"{SERVICE}-*"), None),
        ("SmokeTopic", "sns:.*", arn("sns", f"{SERVICE}-*"), None),
        ("SmokeTable", "dynamodb:.*", arn("dynamodb", f"table/{SERVICE}-*"), None),
        ("SmokeLogs", "logs:.*", arn("logs", f"log-group:/aws/lambda/{SERVICE}-*"), None),
    ]
    made, left = made_of(statements, calls)
    assert not left, f"no statement takes {sorted(left)}"
    made["Statement"].append(
        statement("SmokeKey", {"kms:Decrypt", "kms:GenerateDataKey"}, "*", TAGGED)
    )
    return made


def boto_calls(file: Path) -> Iterator[str]:
    """The actions of the AWS calls in a module.

    A call is `boto3.client("sqs").get_queue_attributes(…)`, or the same on a variable that holds
    such a client.
    """
    clients: dict[str, str] = {}
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and service_of(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            clients |= {ast.unparse(each): service_of(node.value) for each in targets}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on = node.func.value
            service = service_of(on) or clients.get(ast.unparse(on), "")
            if service:
                yield f"{service}:{operation(service, node.func.attr)}"


def service_of(node: ast.expr) -> str:
    """The service of `boto3.client("sqs")`, or an empty text."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("boto3.client", "aws.client"):
        return str(ast.literal_eval(node.args[0]))
    return ""


def operation(service: str, method: str) -> str:
    """The API's name of a client's method."""
    model = boto3.client(service, region_name=REGION).meta.service_model
    (name,) = [each for each in model.operation_names if xform_name(each) == method]
    return str(name)


def statement(
    sid: str, actions: Iterable[str], resource: list[str] | str, condition: dict[str, Any] | None
) -> dict[str, Any]:
    resources = [resource] if isinstance(resource, str) else resource
    made = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}
    return made | ({"Condition": condition} if condition else {})


def policy(statements: list[dict[str, Any]]) -> Policy:
    return {"Version": "2012-10-17", "Statement": statements}


def size(made: Policy) -> int:
    """Characters as IAM counts them."""
    return len(re.sub(r"\s", "", json.dumps(made)))


def policies(templates: list[dict[str, Any]]) -> dict[str, Policy]:
    """All policies of the page, by name."""
    kinds = {made["Type"] for template in templates for made in template["Resources"].values()}
    return deployers(kinds) | {"rowline-smoke": smoke(), "rowline-boundary": boundary(templates)}


def text(made: Policy) -> str:
    """A policy as JSON in lines of at most 100 characters."""

    def packed(values: list[str], indent: str) -> str:
        lines, line = [], indent
        for at, value in enumerate(values):
            word = json.dumps(value) + ("," if at < len(values) - 1 else "")
            if len(line) + len(word) + 1 > 100 and line.strip():
                lines.append(line.rstrip())
                line = indent
            line += word + " "
        return "\n".join([*lines, line.rstrip()])

    blocks = []
    for one in made["Statement"]:
        parts = [f'      "Sid": "{one["Sid"]}",\n      "Effect": "Allow",']
        for key in ("Action", "Resource"):
            comma = "," if key == "Action" or "Condition" in one else ""
            parts.append(f'      "{key}": [\n{packed(one[key], " " * 8)}\n      ]{comma}')
        if "Condition" in one:
            inner = json.dumps(one["Condition"], indent=2).replace("\n", "\n      ")
            parts.append(f'      "Condition": {inner}')
        blocks.append("    {\n" + "\n".join(parts) + "\n    }")
    inside = ",\n".join(blocks)
    return f'{{\n  "Version": "2012-10-17",\n  "Statement": [\n{inside}\n  ]\n}}\n'


BLOCK = re.compile(r"(?<=^## )`([a-z-]+)`(.*?)^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documented() -> dict[str, Policy]:
    """The policies of the page, by the heading above them."""
    return {name: json.loads(block) for name, _, block in BLOCK.findall(PAGE.read_text())}


def write(made: dict[str, Policy]) -> None:
    """Replace the policies of the page."""
    PAGE.write_text(
        BLOCK.sub(
            lambda found: f"`{found[1]}`{found[2]}```json\n{text(made[found[1]])}```",
            PAGE.read_text(),
        )
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write(policies([package_variant(Path(folder) / name, name) for name in VARIANTS]))
