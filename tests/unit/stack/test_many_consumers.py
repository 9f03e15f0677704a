"""Thirty consumers in one stage, and the limit of CloudFormation."""

from pathlib import Path

import pytest

from tests.unit.stack.packaged import VPC, lint, package

MOST = 500
"""Resources in a stack. Source: CloudFormation quotas."""


def consumers(count: int, more: str = "") -> dict[str, str]:
    """The edit of serverless.yml that adds so many."""
    lines = "".join(
        f"  search{number}:\n"
        "    tables: [market.sellers]\n"
        f'    elasticsearch: {{secret: "${{param:searchSecret}}", alias: sellers{number}}}\n{more}'
        for number in range(count)
    )
    return {"consumers:\n": f"consumers:\n{lines}"}


def test_a_consumer_takes_what_its_page_says(tmp_path: Path) -> None:
    """docs/consumers.md, "How many consumers fit into a stage"."""
    counts = {}
    for name, edits in {
        "one": {},
        "bare": consumers(1, "    alarms: off\n"),
        "two": consumers(1),
    }.items():
        (tmp_path / name).mkdir()
        counts[name] = len(package(tmp_path / name, "prod", *VPC, edits=edits)["Resources"])
    assert counts["bare"] - counts["one"] == 12
    assert counts["two"] - counts["bare"] == 9
    assert counts["one"] - 12 - 9 <= 35


def test_thirty_consumers_fit_without_alarms_of_their_own(tmp_path: Path) -> None:
    template = package(tmp_path, "prod", *VPC, edits=consumers(29, "    alarms: off\n"))
    lint(tmp_path / ".serverless/cloudformation-template-update-stack.json")
    assert len(template["Resources"]) < MOST


def test_too_many_are_refused_with_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="resources in the stack; AWS allows 500") as caught:
        package(tmp_path, "prod", *VPC, edits=consumers(34))
    said = str(caught.value)
    assert "35 consumers take about" in said
    assert "alarms: off" in said
    assert "split the consumers over two services" in said
