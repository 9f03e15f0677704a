"""The packaged service (long: one template): clean by cfn-lint, small, its roles exactly those of
docs/iam.md.
"""

import importlib.util
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.claims.s3 import DROPPED, KEPT, PARKED, ROWS
from shared.values.lifetimes import PARKED_SECONDS
from tests.tier import TIER
from tests.unit.stack.packaged import ROOT, VARIANTS, Packaged, lint

LINTED = ("local", "prod with the archive", "prod as a container")
"""Together they have every resource; the other variants have parameters of their own."""


@pytest.mark.soak
def test_templates_are_clean(packaged: Packaged) -> None:
    variants = VARIANTS if TIER.name == "soak" else LINTED
    lint(
        *(
            packaged(variant)[0] / ".serverless/cloudformation-template-update-stack.json"
            for variant in variants
        )
    )


@pytest.mark.parametrize("variant", ["local", "prod"])
def test_zip_is_small_and_holds_code_settings_and_licences_only(
    packaged: Packaged, variant: str
) -> None:
    folder, template = packaged(variant)
    file = folder / ".serverless/rowline.zip"
    assert file.stat().st_size < 10_000_000
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        assert json.loads(archive.read("rowline.json")) == template["Metadata"]["Rowline"]
    assert {"handlers/consume.py", "shared/values/change.py", "msgspec/__init__.py"} <= set(names)
    assert not [
        name
        for name in names
        if re.search(r"__pycache__|\.pyc$|(^|/)tests?/|^(boto3|botocore|cli|local|plugins)/", name)
    ]
    assert [name for name in names if "LICENSE" in name]
    machine = {"prod": "aarch64", "local": ""}[variant]
    native = [name for name in names if name.endswith(".so")]
    assert native
    assert all(machine in name for name in native)


def test_a_consumers_function_starts_without_what_it_does_not_need(
    packaged: Packaged, tmp_path: Path
) -> None:
    """The official client of Elasticsearch alone would take most of a cold start."""
    folder, _ = packaged("local")
    with zipfile.ZipFile(folder / ".serverless/rowline.zip") as archive:
        archive.extractall(tmp_path)
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import handlers.consume; "
    done = subprocess.run(
        [sys.executable, "-c", f"{script} print(*sys.modules)"],
        cwd=tmp_path,
        env={"ROWLINE_CONSUMER": "listingSearch", "ROWLINE_SERVICE": "r", "ROWLINE_STAGE": "local"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    heavy = {"elasticsearch", "elastic_transport", "pymysql", "pyroaring", "pyarrow", "tenacity"}
    assert loaded & heavy == set()


def test_stages_differ_in_parameters_only(packaged: Packaged) -> None:
    dev, prod = (packaged(stage)[1] for stage in ("dev", "prod"))
    assert dev["Resources"].keys() == prod["Resources"].keys()
    assert dev["Metadata"]["Rowline"]["sources"]["shop"]["secret"] == "rowline/dev/source"
    assert prod["Metadata"]["Rowline"]["sources"]["shop"]["secret"] == "rowline/prod/source"


def test_what_holds_state_outlives_the_stack(packaged: Packaged) -> None:
    _, template = packaged("prod")
    kept = {
        name
        for name, made in template["Resources"].items()
        if made.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    assert {"Key", "State", "Claims", "DlqListingSearch", "UndeliveredListingSearch"} <= kept
    for name in kept:
        assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"
    named = [
        name
        for name in kept
        for key in ("QueueName", "TableName", "BucketName")
        if key in template["Resources"][name].get("Properties", {})
    ]
    assert named == []  # a kept resource with a name of its own could not be made again


def test_large_rows_expire_when_nothing_can_refer_to_them_and_the_journal_never(
    packaged: Packaged,
) -> None:
    resources = packaged("prod")[1]["Resources"]
    rules = {
        rule["Prefix"]: rule
        for rule in resources["Claims"]["Properties"]["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    assert set(rules) == {f"{ROWS}/", f"{PARKED}/", f"{DROPPED}/"}
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    assert not any(f"{KEPT}/".startswith(prefix) for prefix in rules)
    rule = rules[f"{ROWS}/"]
    assert rules[f"{PARKED}/"]["ExpirationInDays"] * 86_400 == PARKED_SECONDS
    days = {
        name: made["Properties"]["MessageRetentionPeriod"] / 86400
        for name, made in resources.items()
        if made["Type"] == "AWS::SQS::Queue"
    }
    # In the queue, then in the DLQ, then in the queue again by a redrive: each time SQS counts
    # from the start.
    assert rule["ExpirationInDays"] > 2 * days["QueueListingSearch"] + days["DlqListingSearch"]


def documented(kind: str) -> dict[str, set[str]]:
    """Sid → actions, from the table under the heading `kind` of docs/iam.md."""
    section = re.search(
        rf"^## {kind}\n(.*?)^## ", (ROOT / "docs/iam.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert section
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section[1].splitlines()
        if line.startswith("|")
    ]
    return {row[0]: set(re.findall(r"`([^`]+)`", row[1])) for row in rows[2:]}


def granted(template: dict[str, Any], role: str) -> dict[str, set[str]]:
    (policy,) = template["Resources"][role]["Properties"]["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    assert len({statement["Sid"] for statement in statements}) == len(statements)
    return {statement["Sid"]: set(statement["Action"]) for statement in statements}


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("Relay", "RoleOfRelayShop"),
        ("Consumer", "RoleOfConsumeListingSearch"),
        ("Watch", "RoleOfWatch"),
        ("Jobs", "RoleOfJobs"),
    ],
)
def test_roles_are_exactly_those_of_the_page(packaged: Packaged, kind: str, role: str) -> None:
    page = documented(kind)
    assert granted(packaged("prod in a VPC")[1], role) == page
    assert granted(packaged("prod")[1], role) == {
        sid: actions for sid, actions in page.items() if sid not in ("Network", "Traces")
    }


def test_the_roles_of_the_archive_are_exactly_those_of_the_page(packaged: Packaged) -> None:
    template = packaged("prod with the archive")[1]
    assert granted(template, "RoleOfArchive") == documented("Archive")
    jobs = documented("Jobs") | {"Snapshots": {"s3:PutObject"}}
    jobs["Archive"] = {"lambda:InvokeFunction"}  # both are in the text, for no other stage has them
    found = granted(template, "RoleOfJobs")
    assert found == {sid: actions for sid, actions in jobs.items() if sid in found}
    assert {"Snapshots", "Archive"} <= found.keys()
    consumer = {sid: each for sid, each in documented("Consumer").items() if sid != "Secret"}
    lands = granted(template, "RoleOfConsumeArchiveShop")
    assert lands == consumer | documented("Archive consumer")
    assert granted(template, "RoleOfArchiveStream") == documented("Firehose")


def test_without_the_stanza_nothing_of_the_archive_is_deployed(packaged: Packaged) -> None:
    without = packaged("prod")[1]["Resources"]
    with_it = packaged("prod with the archive")[1]["Resources"]
    assert not [name for name in without if "rchive" in name]
    assert {"ArchiveBucket", "ArchiveDatabase", "ArchiveWorkgroup"} <= with_it.keys()
    assert {"QueueArchiveShop", "DlqArchiveShop", "SubscriptionArchiveShop"} <= with_it.keys()
    kept = with_it["ArchiveBucket"]
    assert kept["DeletionPolicy"] == "RetainExceptOnCreate"
    rules = kept["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule]
    # never the table or what is not in it yet
    assert expiring == ["results/", "snapshots/parts/"]


def test_every_function_has_its_own_role_and_nobody_else_uses_it(packaged: Packaged) -> None:
    _, template = packaged("prod")
    functions = [
        made["Properties"]["Role"]["Fn::Sub"]
        for made in template["Resources"].values()
        if made["Type"] == "AWS::Lambda::Function"
    ]
    roles = [
        f"${{{name}.Arn}}"
        for name, made in template["Resources"].items()
        if made["Type"] == "AWS::IAM::Role"
    ]
    assert sorted(functions) == sorted(roles)


def test_a_container_has_exactly_the_roles_of_the_page(packaged: Packaged) -> None:
    _, template = packaged("prod as a container")
    assert granted(template, "TaskRoleOfRelayShop") == documented("Relay task")
    assert granted(template, "ExecutionRoleOfRelayShop") == documented("Relay execution")
    relay = {
        sid: actions
        for sid, actions in documented("Relay").items()
        if sid not in ("Logs", "Network")
    }
    assert documented("Relay task") == relay
    assert not [
        name for name in template["Resources"] if name.startswith("RelayShop") and "Lambda" in name
    ]


def test_the_image_holds_only_what_ships_and_runs_as_nobody() -> None:
    lines = [
        line.split()
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    copied = {word for line in lines if line[0] == "COPY" for word in line[1:-1]}
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied == allowed == {"shared", "handlers", "requirements-service.txt"}
    assert all((ROOT / name).exists() for name in copied)
    (base,) = [line[1] for line in lines if line[0] == "FROM"]
    assert (pinned := re.fullmatch(r"python:(\d+\.\d+)\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base))
    assert f"/usr/local/lib/python{pinned[1]}/site-packages" in (ROOT / "Dockerfile").read_text(), (
        "what is compiled is what is there"
    )
    assert [line for line in lines if line[0] == "USER"] == [["USER", "10001"]]
    shipped, image = (
        (ROOT / name).read_text() for name in ("requirements.txt", "requirements-service.txt")
    )
    shipped_names, image_names = (
        {line.partition("==")[0] for line in text.splitlines() if "==" in line}
        for text in (shipped, image)
    )
    assert shipped_names < image_names


def test_the_image_starts_the_relay_and_asks_whether_it_lives() -> None:
    said = {
        name: text
        for name, _, text in (
            line.partition(" ") for line in (ROOT / "Dockerfile").read_text().splitlines()
        )
    }
    start = json.loads(said["ENTRYPOINT"])
    assert start == ["python", "-m", "handlers.relay_service"]
    assert importlib.util.find_spec(start[2])
    assert json.loads(said["HEALTHCHECK"].partition("CMD ")[2]) == [*start, "--healthy"]
    assert said["STOPSIGNAL"] == "SIGTERM"


def endpoints() -> dict[str, set[str]]:
    """Who needs it → the endpoints, from the table of docs/vpc.md."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs/vpc.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    found: dict[str, set[str]] = {}
    for names, _, who, _ in rows:
        for each in who.split(", "):
            found.setdefault(each, set()).update(re.findall(r"`([^`]+)`", names))
    return found


ENDPOINTS = {"ecr": {"ecr.api", "ecr.dkr", "s3"}}
"""Endpoints of a service's actions where they are others than the service's name. Source: ECR user
guide, "Amazon ECR interface VPC endpoints (AWS PrivateLink)".
"""


@pytest.mark.parametrize(
    ("who", "variant", "roles", "elsewhere"),
    [
        # Lambda sends the logs and makes the network interfaces, from outside the VPC.
        ("relay", "prod in a VPC", ["RoleOfRelayShop"], {"kms", "logs", "ec2"}),
        ("consumers", "prod in a VPC", ["RoleOfConsumeListingSearch"], {"kms", "logs", "ec2"}),
        ("jobs", "prod in a VPC", ["RoleOfJobs"], {"kms", "logs", "ec2"}),
        (
            "relay as a container",
            "prod as a container",
            ["TaskRoleOfRelayShop", "ExecutionRoleOfRelayShop"],
            {"kms"},
        ),
    ],
)
def test_the_endpoints_are_those_of_the_services_that_the_roles_use(
    packaged: Packaged, who: str, variant: str, roles: list[str], elsewhere: set[str]
) -> None:
    template = packaged(variant)[1]
    services = {
        action.partition(":")[0]
        for role in roles
        for actions in granted(template, role).values()
        for action in actions
    } - elsewhere
    assert endpoints()[who] == {name for each in services for name in ENDPOINTS.get(each, {each})}
