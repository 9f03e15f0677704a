"""Thirty consumers in one stage, and the limit of CloudFormation."""

from pathlib import Path

import pytest

from tests.tier import TIER
from tests.unit.stack.packaged import VPC, Packaged, lint, package

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


@pytest.mark.soak
def test_thirty_consumers_fit_without_alarms_of_their_own(
    tmp_path: Path, packaged: Packaged
) -> None:
    """One takes 12 resources: docs/consumers.md, "How many consumers fit into a stage"."""
    _, alone = packaged("prod in a VPC")
    template = package(tmp_path, "prod", *VPC, edits=consumers(29, "    alarms: off\n"))
    if TIER.name == "soak":  # it takes as long as for all other templates
        lint(tmp_path / ".serverless/cloudformation-template-update-stack.json")
    assert len(template["Resources"]) < MOST
    assert len(template["Resources"]) == len(alone["Resources"]) + 29 * 12


def test_too_many_are_refused_with_the_ways_out(tmp_path: Path, packaged: Packaged) -> None:
    """One with alarms takes 21, as the page says too."""
    _, alone = packaged("prod in a VPC")
    with pytest.raises(AssertionError, match="resources in the stack; AWS allows 500") as caught:
        package(tmp_path, "prod", *VPC, edits=consumers(34))
    said = str(caught.value)
    assert f"{len(alone['Resources']) + 34 * 21} resources in the stack" in said
    assert "35 consumers take about 22 each" in said
    assert "alarms: off" in said
    assert "split the consumers over two services" in said
