"""The AWS actions of each command, read from the program's text.

They are the AWS calls of the adapters' methods that the command's modules call.

`python -m tests.unit.stack.rights` writes the table of docs/iam.md.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.unit.stack.deployer_policies import operation
from tests.unit.stack.packaged import ROOT

PAGE = ROOT / "docs/iam.md"
ADAPTERS = {
    "claims": "claims/s3.py",
    "topic": "topic/sns.py",
    "queue": "queue/sqs.py",
    "dlq": "queue/sqs.py",
    "undelivered": "queue/sqs.py",
    "observation": "observation/aws_observation.py",
    "landing": "objects/s3_folder.py",
    "traces": "tracing/xray.py",
    "athena": "athena/athena.py",
    "archive_table": "archive_table/glue.py",
    "healing": "objects/s3_folder.py",
    "snapshots": "snapshots/s3.py",
    "coverage": "state/dynamodb/coverages.py",
    "pairs": "state/dynamodb/pair_store.py",
} | {
    file.stem: f"state/dynamodb/{file.name}"
    for file in (ROOT / "shared/adapters/state/dynamodb").glob("*.py")
    if file.stem not in ("__init__", "item", "state_table", "versioned_item")
}
"""Name of an adapter in flows → the module of its class."""

TABLE = "state/dynamodb/state_table.py"
ITEM, ITEMS = "state/dynamodb/versioned_item.py", ("GATE_ITEM", "PAIRS_ITEM")
"""An adapter reads and writes such an item of its table."""

FOLDER = "objects/s3_folder.py"
FOLDERS = ("self._parts", "self._ready", "self._manifests", "folder", "parts")
"""Under these names an adapter keeps its objects in S3 with the landing's methods."""

CALL = re.compile(rf"\b_?({'|'.join(ADAPTERS)})(?:\([^()]*\))?\.(\w+)\(")
_CLIENT_OF = re.compile(r"self\._client\('(\w+)'\)")
STAGE = ("cloudformation:DescribeStacks", "cloudformation:GetTemplate")
SECRET = "secretsmanager:GetSecretValue"
LEAVES = ("shared.adapters", "shared.stage", "shared.values", "cli.ui", "cli.main", "cli.deployed")
"""Modules whose imports do not belong to the command."""

NEEDED_RIGHT = {"list_objects_v2": "ListBucket"}
"""Methods whose action has another name. Source: S3 API reference, ListObjectsV2, "Permissions"."""

NEEDS_KEY = {
    "sns:Publish": ("kms:Decrypt", "kms:GenerateDataKey"),
    "sqs:SendMessage": ("kms:Decrypt", "kms:GenerateDataKey"),
    "s3:PutObject": ("kms:Decrypt", "kms:GenerateDataKey"),
    "s3:GetObject": ("kms:Decrypt", "s3:ListBucket"),
    "athena:StartQueryExecution": (
        "glue:GetDatabase",
        "glue:GetTable",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    ),
}
"""Calls that use the key of their resource, and what Athena does with its caller's rights.

With `s3:ListBucket` S3 can answer that an object is missing. Sources: S3 API reference, GetObject,
"Permissions"; docs/iam.md, the roles; Athena user guide, "Control access to Amazon S3 from Athena"
and "Configure access to databases and tables in the AWS Glue Data Catalog".
"""


@cache
def methods_of(file: str) -> dict[str, ast.FunctionDef]:
    """The methods of the classes of an adapter's module."""
    tree = ast.parse((ROOT / "shared/adapters" / file).read_text())
    classes = [each for each in tree.body if isinstance(each, ast.ClassDef)]
    return {
        each.name: each for one in classes for each in one.body if isinstance(each, ast.FunctionDef)
    }


@cache
def actions_of(file: str, method: str) -> frozenset[str]:
    """The AWS actions of one method, with those of the methods of its class that it calls."""
    methods = methods_of(file)
    found: set[str] = set()
    for node in ast.walk(methods[method]):
        if not isinstance(node, ast.Call):
            continue
        if ast.unparse(node.func) == "delete_objects":
            found.add(action("s3", "delete_objects"))
        if not isinstance(node.func, ast.Attribute):
            continue
        on, called = ast.unparse(node.func.value), node.func.attr
        if on == "self" and called == "_call":
            found.add(action("dynamodb", str(ast.literal_eval(node.args[0]))))
        elif on == "self" and called in methods and called != method:
            found |= actions_of(file, called)
        elif on in ITEMS:
            found |= actions_of(ITEM, called)
        elif on == "self._table" or (file == ITEM and on == "table"):
            found |= actions_of(TABLE, called)
        elif on in FOLDERS and called in methods_of(FOLDER):
            found |= actions_of(FOLDER, called)
        elif on == "self._client" or _CLIENT_OF.fullmatch(on):
            asked = called
            if called == "get_paginator":
                asked = str(ast.literal_eval(node.args[0]))
            service = _CLIENT_OF.fullmatch(on)
            found.add(action(service[1] if service else Path(file).stem.partition("_")[0], asked))
    return frozenset(found)


def action(service: str, method: str) -> str:
    """The action of a client's method; a batch has the action of its entries."""
    name = NEEDED_RIGHT.get(method) or operation(service, method)
    return f"{service}:{name.removesuffix('Batch') if service in ('sqs', 'sns') else name}"


def modules(file: Path, seen: set[Path]) -> set[Path]:
    """A module and its imports, without adapters and values."""
    if file in seen:
        return seen
    seen.add(file)
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        for name in names:
            if name.startswith(("shared.", "cli.", "handlers.")) and not name.startswith(LEAVES):
                path = ROOT / name.replace(".", "/")
                for imported in (path.with_suffix(".py"), path / "__init__.py"):
                    if imported.exists():
                        modules(imported, seen)
    return seen


def rights(command: str) -> set[str]:
    """The actions of one command of a deployed stage."""
    found = {SECRET}
    file = ROOT / f"cli/commands/{command}.py"
    if "open_stage" in file.read_text() or "_stage(" in file.read_text():
        found |= set(STAGE)
    for module in modules(file, set()):
        for match in CALL.finditer(module.read_text()):
            place = ADAPTERS[match[1]]
            if match[2] in methods_of(place):
                found |= actions_of(place, match[2])
        if re.search(r"start_(slice|drain)\(|functions\.call\(", module.read_text()):
            found.add("lambda:InvokeFunction")
        if "functions.switch(" in module.read_text():
            found |= {"lambda:ListEventSourceMappings", "lambda:UpdateEventSourceMapping"}
        if "make_views(" in module.read_text():
            found |= {"glue:CreateTable", "glue:UpdateTable"}  # of CREATE OR REPLACE VIEW
    return found | {more for each in found for more in NEEDS_KEY.get(each, ())}


def commands() -> Iterator[str]:
    """The commands that work on a stage; `local` works on this machine."""
    for file in sorted((ROOT / "cli/commands").glob("*.py")):
        if file.stem not in ("__init__", "local", "source_move") and "archive_" not in file.stem:
            yield file.stem


def table() -> list[str]:
    """The lines of the page."""
    lines = ["| command | actions |", "|---|---|"]
    for each in commands():
        actions = " ".join(f"`{one}`" for one in sorted(rights(each)))
        lines.append(f"| `{each}` | {actions} |")
    return lines


BLOCK = re.compile(r"\| command \| actions \|\n(?:\|.*\n)+")

if __name__ == "__main__":
    text = PAGE.read_text()
    assert BLOCK.search(text), f"{PAGE} has no table of commands"
    PAGE.write_text(BLOCK.sub(lambda _: "\n".join(table()) + "\n", text))
