"""What commands print is data: a key like `z:x:7` is not an emoji's name."""

import io
import os
import re
import subprocess
from pathlib import Path

import pytest
from rich.text import Text

from cli.commands.tables import _show as show_tables
from cli.commands.verify import show_verify
from cli.ui.console import result_console
from cli.ui.printed_table import new_table, print_table
from shared.flows.source.table_listing import ListedTable, Listing
from shared.flows.verify.verify_report import VerifyReport
from shared.values.difference import Difference

ROOT = Path(__file__).resolve().parents[2]


def test_only_one_place_makes_consoles_and_none_makes_pictures_of_text() -> None:
    makers = [
        (file, made)
        for file in sorted((ROOT / "cli").rglob("*.py"))
        for made in re.findall(r"\b(?:Data)?Console\(([^)]*)\)(?!:)", file.read_text())
    ]
    assert {file.name for file, _ in makers} == {"console.py"}
    assert all("emoji=False, markup=False" in made for _, made in makers)


def test_no_column_of_a_progress_line_takes_a_note_for_markup() -> None:
    text = (ROOT / "cli/ui/progress_line.py").read_text()
    assert re.findall(r"TextColumn\(\"\{task.fields\[\w+\]\}\"([^)]*)\)", text) == [
        ", markup=False"
    ] * text.count("task.fields[")


def test_brackets_in_a_table_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    cells = "index [shop-000001/L69CE] exists", '["red"]', "[/x]"
    table = new_table()
    for name in "abc":
        table.add_column(name)
    table.add_row(*cells)
    print_table(result_console(), table)
    out = capsys.readouterr().out
    assert all(cell in out for cell in cells)


@pytest.mark.parametrize("terminal", [False, True])
def test_a_row_cannot_command_the_terminal(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    console = result_console()
    console.file, console._force_terminal = io.StringIO(), terminal
    said = "a\x1b]0;title\x07b\x1b[2Jc\x00\x9b\u202ed\te\nf"
    table = new_table()
    table.add_column()
    table.add_row(said)
    console.print(said, style="bold")
    console.print(Text(said))
    print_table(console, table)
    written = re.sub(r"\x1b\[[01]m", "", console.file.getvalue())
    assert "a\\x1b]0;title\\x07b\\x1b[2Jc\\x00\\x9b\\u202ed" in written
    assert written.count("\\x9b") == 3
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", written)


def test_a_document_id_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    found = Difference("shop.tags", "z:x:7", "extra")
    report = VerifyReport(
        consumer="search",
        reads="server a",
        writes="elasticsearch",
        tables={"shop.tags": 1},
        rows=1,
        documents=2,
        missing=0,
        extra=1,
        different=0,
        shared=0,
        refused=0,
        repaired=0,
        differences=1,
        listed=[found],
        behind=False,
        epochs=[],
        reasons={},
        seconds=1.0,
        finished_ms=0,
    )
    show_verify(report, result_console(), False)
    assert "z:x:7" in capsys.readouterr().out


LISTING = Listing(
    "shop",
    "performance_schema",
    [
        ListedTable(
            "shop.a_table_with_a_rather_long_name_of_its_own",
            1_234_567,
            1 << 30,
            ("id", "number"),
            12_345_678,
            True,
            ["has engine MyISAM, which knows no transactions: a crash may leave it apart"],
        )
    ],
)


def test_tables_are_whole_at_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show_tables(LISTING, result_console())
    out = capsys.readouterr().out
    assert "…" not in out
    assert "shop.a_table_with_a_rather_long_name_of_its_own" in out.splitlines()[1]
    assert out.splitlines()[1].rstrip().endswith("yes       id, number")
    assert "! shop.a_table_with_a_rather_long_name_of_its_own has engine MyISAM" in out


def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [ROOT / ".venv/bin/rowline", *words],
        env={**os.environ, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_version_is_printed() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, b"rowline 0.1.0\n")


def test_a_terminal_without_a_character_shows_its_escape() -> None:
    done = run("tail", "--source", "mysql://x@é", "--tables", "ä", PYTHONIOENCODING="ascii")
    assert b"Traceback" not in done.stderr
    assert b"\\xe4" in done.stderr


@pytest.mark.parametrize("words", [("statu",), ("parked", "lst")])
def test_a_misspelt_command_is_corrected_once(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stderr.count(b"Did you mean") == 1
