"""The commands that the documentation shows are run, against the deployed stack, with its names in place of the pages' names."""

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.integration.stack.conftest import Stack
from tests.unit.test_docs import command_lines

pytestmark = pytest.mark.xdist_group("stack")  # one worker: they share the stack and disturb it

# `local …` is run by tests/integration/local, `source reset` by tests/integration/relay_faults: both would end this stack.
ELSEWHERE = ("local", "source")
NAMES = {
    "--stage prod": "--stage local",
    "secret:rowline/prod/source": "secret:rowline/local/source",
    "shop.": "market.",
    "sellerSearch": "listingSearch",
    "bin.000007:4": "bin.000001:4",
}
LINES = sorted({line for _, line in command_lines() if line.split()[0] not in ELSEWHERE})


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_docs_runs(stack: Stack, line: str, tmp_path: Path) -> None:
    for page, here in NAMES.items():
        line = line.replace(page, here)
    line = line.replace("mysql://rowline@db.example.com", '"$ROWLINE_SOURCE"')
    if line.startswith("tail") and "--until-now" not in line:
        line += " --until-now"
    folder = tmp_path if line.startswith("init") else stack.project.folder
    command = f"{shlex.quote(stack.project.program('rowline'))} {line}"
    environment = {**stack.project.environment, "COLUMNS": "200"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert "Traceback" not in done.stderr
    # status and doctor answer 1 where something wants attention; everything else must succeed.
    assert done.returncode in ((0, 1) if line.split()[0] in ("status", "doctor") else (0,)), done.stdout[-2000:] + done.stderr[-2000:]
    if "--from earliest" in line:
        assert (folder / "changes.jsonl").read_text().count("\n") > 100
