"""A command finds its service in serverless.yml as people write it."""

from pathlib import Path

import pytest

from cli.commands.check import command as check
from cli.service_file import service_of
from cli.ui.hidden_columns import hidden_columns
from shared.values.errors import ConfigError

TAGGED = """service: market
alerts: !Ref Pager
resources:
  Resources: {Pager: {Type: "AWS::SNS::Topic"}}
  Outputs:
    A: {Value: !GetAtt Pager.TopicArn}
    B: {Value: !Sub ["${x}", {x: !Join ["", [a, b]]}]}
    C: {Value: !If {a: 1}}
"""


def test_tags_of_cloudformation_are_read(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text(TAGGED)
    assert service_of(tmp_path) == "market"
    assert hidden_columns(tmp_path, "dev") == {}


@pytest.mark.parametrize("text", [None, "", "provider: {name: aws}\n", "- a\n", "service:\n"])
def test_without_a_name_it_is_rowline(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "serverless.yml").write_text(text)
    assert service_of(tmp_path) == "rowline"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("service: a\nsources: ][\n", "serverless.yml: is no YAML: .*, line 2"),
        ("service: a\n\tb: c\n", "is no YAML: .*, line 2"),
        ("service: ${env:NAME}\n", r"by a variable, \$\{env:NAME\}\. Name the service with --ser"),
    ],
)
def test_a_file_that_names_no_service_is_no_stack_trace(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "serverless.yml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        service_of(tmp_path)


def test_a_file_of_stanzas_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--stanzas .*none\.json: cannot be read: No such file"):
        check(stanzas=str(tmp_path / "none.json"))
