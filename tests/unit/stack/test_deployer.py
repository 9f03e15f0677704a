"""docs/deployer.md has exactly the policies that are derived from the packaged templates."""

import json
import re
from pathlib import Path

import pytest

from tests.unit.stack import deployer_policies
from tests.unit.stack.packaged import Packaged, lint

REGENERATE = "run: python -m tests.unit.stack.deployer_policies"


def types(packaged: Packaged, variant: str) -> set[str]:
    return {made["Type"] for made in packaged(variant)[1]["Resources"].values()}


def test_the_page_holds_the_policies_that_the_templates_need(packaged: Packaged) -> None:
    templates = [packaged(variant)[1] for variant in deployer_policies.VARIANTS]
    assert deployer_policies.documented() == deployer_policies.policies(templates), REGENERATE


@pytest.mark.parametrize(
    ("variant", "names"),
    [
        ("prod in a VPC", ["code", "data"]),
        ("prod as a container", ["code", "data", "containers"]),
    ],
)
def test_the_policies_of_a_way_to_run_cover_all_types_of_its_template(
    packaged: Packaged, variant: str, names: list[str]
) -> None:
    page = deployer_policies.documented()
    granted = {
        action
        for name in names
        for one in page[f"rowline-deployer-{name}"]["Statement"]
        for action in one["Action"]
    }
    for kind in types(packaged, variant):
        assert deployer_policies.calls(kind) <= granted, kind


def test_a_function_needs_nothing_of_containers(packaged: Packaged) -> None:
    assert not [kind for kind in types(packaged, "prod in a VPC") if "::ECS::" in kind]
    assert [kind for kind in types(packaged, "prod as a container") if "::ECS::" in kind]


def test_the_policies_name_real_actions_and_fit_into_managed_policies(tmp_path: Path) -> None:
    files = []
    for name, made in deployer_policies.documented().items():
        assert deployer_policies.size(made) <= deployer_policies.MOST_CHARACTERS, name
        wrapped = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": made}}
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps({"Resources": {"Policy": wrapped}}))
    lint(*files)  # at once: to start it takes longer than to check a policy


def test_no_action_is_a_wildcard_and_destroying_a_key_needs_the_tag_of_the_stack() -> None:
    for name, made in deployer_policies.documented().items():
        for one in made["Statement"]:
            assert not [action for action in one["Action"] if "*" in action], (name, one["Sid"])
            dangerous = {
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:Decrypt",
                "kms:CreateGrant",
            } & set(one["Action"])
            if dangerous and name != "rowline-boundary":
                assert one["Condition"] == deployer_policies.TAGGED, (name, one["Sid"])


def test_a_policy_that_creates_roles_must_bound_them(packaged: Packaged) -> None:
    (bounded,) = [
        one
        for one in deployer_policies.documented()["rowline-deployer-code"]["Statement"]
        if {"iam:CreateRole", "iam:PutRolePolicy"} & set(one["Action"])
    ]
    assert bounded["Condition"] == deployer_policies.BOUNDED


def test_the_key_carries_the_tag_that_the_policy_asks_for(packaged: Packaged) -> None:
    tags = packaged("prod")[1]["Resources"]["Key"]["Properties"]["Tags"]
    assert tags == [{"Key": "rowline:stack", "Value": {"Ref": "AWS::StackName"}}]


def test_no_role_of_the_stack_has_a_wildcard_among_its_actions(packaged: Packaged) -> None:
    """And `*` is a resource only of actions that know none."""
    anywhere = ("Network", "Registry", "Traces", "Mappings", "Runs", "Subscriptions")
    for variant in deployer_policies.VARIANTS:
        for name, made in packaged(variant)[1]["Resources"].items():
            for attached in made["Properties"].get("Policies", []):
                for one in attached["PolicyDocument"]["Statement"]:
                    assert all(re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", each) for each in one["Action"])
                    assert one["Resource"] != "*" or one["Sid"] in anywhere, name


def test_the_calls_of_a_module_are_found_in_its_text(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(
        'import boto3\nlogs: Any = boto3.client("logs")\n'
        'boto3.client("sqs").get_queue_attributes(QueueUrl=url)\n'
        "logs.filter_log_events()\nother.get_item()\n"
    )
    assert set(deployer_policies.boto_calls(file)) == {
        "sqs:GetQueueAttributes",
        "logs:FilterLogEvents",
    }
