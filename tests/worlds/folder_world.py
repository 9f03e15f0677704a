"""A folder with a serverless.yml, as the plugin reads it, above a database and a cluster in memory.

The plugin's own modules run in node; variables are not resolved, because the files have none.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from shared.adapters.binlog.contract import Binlog
from shared.adapters.database.contract import Cascade, UniqueKey
from shared.domain.sink import Examiner
from shared.flows.consume.sinks.elasticsearch.examiner import ElasticsearchExaminer
from shared.flows.consume.sinks.elasticsearch.sink_settings import ElasticsearchSettings
from shared.flows.health.check import check
from shared.values.checkpoint import Checkpoint
from shared.values.declaration import Declaration, read_declaration
from shared.values.finding import Finding
from shared.values.settings import SourceSettings, StageSettings
from shared.values.table import Column, Table
from tests.worlds.twins.binlog import MemoryBinlog
from tests.worlds.twins.binlog_server import MemoryServer
from tests.worlds.twins.database import MemoryDatabase
from tests.worlds.twins.search import MemorySearch

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
const fs = require('fs');
const yaml = require('yaml');
const { problems } = require('./plugins/rowline/schema/problems');
const { settings } = require('./plugins/rowline/expand/settings');
const { placesOf } = require('./plugins/rowline/schema/places');
const all = JSON.parse(fs.readFileSync(0));
console.log(JSON.stringify(all.map(({ files }) => {
  const read = (name) => {
    if (!(name in files)) throw new Error('no such file');
    return files[name];
  };
  const stanzas = yaml.parse(files['serverless.yml']);
  const found = problems(stanzas, { read });
  const context = { service: 'rowline', stage: 'dev', read };
  return {
    problems: found,
    settings: found.length ? null : settings(stanzas, context),
    places: placesOf('serverless.yml', read),
  };
})));
"""


def declarations(folders: list[dict[str, str]]) -> list[Declaration]:
    """What the plugin reads of each folder, `file name → text`."""
    done = subprocess.run(
        ["node", "-e", SCRIPT],
        input=json.dumps([{"files": files} for files in folders]),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return [read_declaration(json.dumps(one).encode()) for one in json.loads(done.stdout)]


def shop_database() -> MemoryDatabase:
    """A server that is ready, with three tables of `shop`."""
    database = MemoryDatabase()
    database.settings = {
        "log_bin": "ON",
        "binlog_format": "ROW",
        "binlog_row_image": "FULL",
        "binlog_row_metadata": "FULL",
        "server_id": "1",
    }
    database.grants_held = ["GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `r`@`%`"]
    database.create(
        Table(
            "shop",
            "items",
            (
                Column("id", "int", nullable=False),
                Column("slug", "varchar", nullable=False),
                Column("title", "varchar", nullable=False),
                Column("city", "varchar", nullable=False),
                Column("note", "varchar"),
                Column("state", "enum", nullable=False, labels=("active", "sold")),
            ),
            ("id",),
        )
    )
    database.create(
        Table(
            "shop",
            "sizes",
            (
                Column("id", "int", nullable=False),
                Column("a.b", "int", nullable=False),
                Column("a_b", "int", nullable=False),
            ),
            ("id",),
        )
    )
    database.create(Table("shop", "log", (Column("line", "varchar", nullable=False),)))
    database.create(
        Table("shop", "lines", (Column("id", "int", nullable=False),), ("id",)), engine="InnoDB"
    )
    database.uniques = {"shop.items": [UniqueKey("slug", ("slug",), False)]}
    database.foreign_keys = [
        Cascade("shop.lines", "shop.items", "lines_of_items", "ON DELETE CASCADE")
    ]
    return database


class FolderWorld:
    """The stage that a folder declares, with everything that a check asks, in memory."""

    def __init__(self, settings: StageSettings) -> None:
        self.settings = settings
        self.shop, self.cluster = shop_database(), MemorySearch()
        self.server = MemoryServer()
        self.key = b"a key of more than thirty-two characters"
        self.checkpoints: dict[str, Checkpoint] = {}

    def database(self, source: str | None = None) -> MemoryDatabase:
        return self.shop

    def binlog(self, source: str) -> Binlog:
        return MemoryBinlog(self.server, ["*.*"])

    def mask_key(self, source: SourceSettings) -> bytes:
        return self.key

    def examiner(self, consumer: str) -> Examiner:
        settings = self.settings.consumers[consumer]
        sink = msgspec.convert(settings.sink, ElasticsearchSettings)
        return ElasticsearchExaminer(settings, sink, self.cluster)

    def check(self) -> list[Finding]:
        """The findings that are not in order."""
        return [one for one in check(self, self.checkpoints.get) if one.level != "ok"]


def world_of(declaration: Declaration, **facts: Any) -> FolderWorld:
    """The world of a declaration, with some attributes set; `cluster__x` sets `cluster.x`."""
    assert declaration.settings is not None, declaration.problems
    world = FolderWorld(declaration.settings)
    for name, value in facts.items():
        owner, _, inner = name.partition("__")
        setattr(*((getattr(world, owner), inner) if inner else (world, owner)), value)
    return world
