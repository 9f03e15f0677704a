"""A new sink is one Python file, one plugin file and one entry of the conformance suite."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEW = ROOT / "tests/new_sink"

EXPAND = """
const { problems } = require('./plugins/rowline/schema/problems');
const { expand } = require('./plugins/rowline/expand');
const { stanzas, context } = require('./plugins/rowline/test/fixtures');
const given = { ...stanzas(), consumers: {
  copy: { tables: ['market.listings'], jsonlines: { path: process.argv[1] } } } };
const expanded = expand(given, { ...context(), read: () => '' });
console.log(JSON.stringify({
  problems: problems(given, {}), settings: expanded.settings,
  functions: Object.keys(expanded.functions) }));
"""

APPLY = """
import sys
from pathlib import Path
from shared.domain.sink import Surroundings
from shared.flows.consume import sinks
from shared.flows.consume.consume import Consume
from shared.values.delivery import Delivery
from shared.values.message import Message, attributes, encode
from shared.values.settings import load
from tests.worlds.consumer_world import change
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.state import memory_state

consumer = load(Path("rowline.json")).consumers["copy"]
state = memory_state()
sink = sinks.build(Surroundings(consumer, state, lambda name, fresh: {}))
queue = MemoryQueue()
consume = Consume(consumer, sink, state, MemoryClaims(), queue)
body = encode(Message("shop", "shop", "market", "listings", 1, "g", None, [change(1, "c", 7)]))
marks = attributes("shop", "market.listings", "live")
done = consume.handle([Delivery("m", "h", body, "g", "d", 1, marks)], lambda: 60.0)
print(done.applied, done.failed)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository, with the sink added to it."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    copy = tmp_path / "copy"
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    shutil.copy(NEW / "jsonlines.py", copy / "shared/flows/consume/sinks/jsonlines.py")
    shutil.copy(NEW / "jsonlines.js", copy / "plugins/rowline/sinks/jsonlines.js")
    exam = (NEW / "exam.py").read_text().replace("from tests.contract.sinks import EXAMS, Exam", "")
    with (copy / "tests/contract/sinks.py").open("a") as suite:
        suite.write(exam)
    return copy


def run(copy: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(copy), "ROWLINE_KEEP": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_else_is_touched(copy: Path) -> None:
    file = copy / "rows.jsonl"
    packed = json.loads(run(copy, "node", "-e", EXPAND, str(file)))
    assert packed["problems"] == []
    assert "consumeCopy" in packed["functions"]
    (copy / "rowline.json").write_text(json.dumps(packed["settings"]))

    assert run(copy, sys.executable, "-c", APPLY).split() == ["1", "[]"]
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["key"] == '{"id":7}'

    suite = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "JsonLines or folder")
    examined = run(copy, sys.executable, *suite, "tests/contract/test_sinks.py")
    passed = sum(map(int, re.findall(r"(\d+) passed", examined)))
    assert passed >= 15, examined
