"""A command of the stage `local` finds its servers, or says how to start them."""

import json
from pathlib import Path

import pytest

from cli import local_record
from shared.values.errors import RowlineError


def test_no_stage_names_the_command_that_starts_one(tmp_path: Path) -> None:
    with pytest.raises(RowlineError, match="rowline local up"):
        local_record.environment(tmp_path / "stage.json")


def test_a_record_of_a_former_version_names_it_too(tmp_path: Path) -> None:
    record = tmp_path / "stage.json"
    record.write_text(json.dumps({"base": "/b", "ports": {}, "elsewhere": {}}))
    with pytest.raises(RowlineError, match="rowline local up"):
        local_record.environment(record)
