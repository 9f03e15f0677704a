"""What commands print is data: a key like `z:x:7` is not an emoji's name."""

import re
from pathlib import Path

import pytest
from rich.console import Console

from cli.commands.verify import _show
from shared.flows.verify.job import VerifyReport
from shared.flows.verify.settling import Difference

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("file", sorted((ROOT / "cli").glob("*.py")), ids=lambda file: file.stem)
def test_no_console_of_a_command_makes_pictures_of_text(file: Path) -> None:
    for made in re.findall(r"\bConsole\(([^)]+)\)", file.read_text()):
        assert "emoji=False" in made


def test_a_document_id_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    found = Difference("shop.tags", "z:x:7", "extra")
    report = VerifyReport(
        "search", {"shop.tags": 1}, 1, 2, 0, 1, 0, 0, 1, [found], False, [], {}, 1.0, 0
    )
    _show(report, Console(highlight=False, emoji=False, soft_wrap=True), False)
    assert "z:x:7" in capsys.readouterr().out
