"""Another service subscribes a queue of its own, as docs/subscribe.md shows."""

import re
from pathlib import Path
from typing import Any

from tests.unit.stack.packaged import ROOT, Packaged, lint, package

PAGE = (ROOT / "docs/subscribe.md").read_text()
TEMPLATE = re.search(r"^```yaml\n(Parameters:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def exported_as(output: dict[str, Any]) -> Any:
    return output.get("Export", {}).get("Name")


def test_the_template_of_the_page_is_clean_and_imports_what_the_stack_exports(
    packaged: Packaged, tmp_path: Path
) -> None:
    assert TEMPLATE
    file = tmp_path / "other.yml"
    file.write_text(TEMPLATE[1])
    lint(file)
    outputs = packaged("prod")[1]["Outputs"].values()
    # a text is the framework's own export
    exported = [name for each in outputs if isinstance(name := exported_as(each), dict)]
    ours = {name["Fn::Sub"].replace("${AWS::StackName}", "STACK") for name in exported}
    imported = set(re.findall(r'"\$\{Rowline\}(-\w+)"', TEMPLATE[1]))
    assert {f"STACK{name}" for name in imported} <= ours
    listed = set(re.findall(r"^\| `(STACK-\w+)` \|", PAGE, re.MULTILINE))
    assert listed == ours


def test_an_account_that_is_named_may_subscribe_queues_and_nothing_else(tmp_path: Path) -> None:
    template = package(
        tmp_path,
        "prod",
        edits={"    build: ${": '    subscribers: ["111122223333"]\n    build: ${'},
    )
    lint(tmp_path / ".serverless/cloudformation-template-update-stack.json")
    policy = template["Resources"]["AccessToTopic"]["Properties"]["PolicyDocument"]
    allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    (statement,) = allowed
    assert statement["Action"] == ["sns:Subscribe", "sns:GetTopicAttributes"]
    assert statement["Resource"] == {"Ref": "Topic"}
    assert statement["Condition"] == {"StringEqualsIfExists": {"sns:Protocol": "sqs"}}
    assert statement["Principal"] == {
        "AWS": [{"Fn::Sub": "arn:${AWS::Partition}:iam::111122223333:root"}]
    }
