"""docs/iam.md lists the actions that the text of each command calls."""

import re

from tests.unit.stack import rights

READING = re.compile(r"[a-z0-9]+:(BatchGet|Describe|Get|List|Query)[A-Za-z]*")


def test_the_page_lists_the_actions_of_each_command() -> None:
    (table,) = rights.BLOCK.findall(rights.PAGE.read_text())
    assert table.splitlines() == rights.table(), "run: python -m tests.unit.stack.rights"


def test_what_is_called_reading_only_reads() -> None:
    for command in ("status", "doctor", "tables"):
        assert not [each for each in rights.rights(command) if not READING.fullmatch(each)]


def test_verify_writes_its_report_and_backfill_publishes() -> None:
    assert "dynamodb:PutItem" in rights.rights("verify")
    assert {"sqs:SendMessage", "s3:PutObject", "dynamodb:PutItem"} <= rights.rights("backfill")


def test_a_method_has_the_actions_of_those_that_it_calls() -> None:
    assert rights.actions_of("state/dynamodb/streams.py", "renew") == {"dynamodb:UpdateItem"}
    assert rights.actions_of("topic/sns.py", "publish") == {"sns:Publish"}
