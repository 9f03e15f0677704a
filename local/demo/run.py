"""`make demo`: servers, deploy, existing rows, a workload, and what came out of it.

It may be run again while the stack is up.
"""

import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from elasticsearch import Elasticsearch
from rich.console import Console
from rich.table import Table

from cli.deployed import open_stage
from local import local_stage
from local.demo import marketplace as market
from local.demo.measured_pipeline import CONSUMER, INDEX, Drained, Pipeline, connect, wait
from local.demo.workload import Workload, insist
from shared.values import source_endpoint
from shared.values.errors import RowlineError

ROOT = Path(__file__).resolve().parents[2]
SEED_ROWS, WORKLOAD_CHANGES, BACKLOG_CHANGES, SAMPLES = 15_000, 4_000, 20_000, 60
# Each line is short enough to be copied from a narrow terminal: none is wrapped.
HINTS = f"""
The stack is up. Try next:
  eval "$(.venv/bin/rowline local env)"    # addresses and logins
  .venv/bin/rowline status
  .venv/bin/rowline tail --tables 'market.*' --from latest
  curl "$ROWLINE_ELASTICSEARCH/{INDEX}/_search?size=1&pretty"
  make down
Add a consumer: docs/consumers.md, then npx sls deploy --stage local"""
console = Console(highlight=False, emoji=False, soft_wrap=True)


def main() -> None:
    began = time.monotonic()
    _step("Servers: MariaDB, Elasticsearch, emulated AWS")
    stage = local_stage.up(announce=lambda line: console.print(f"  [dim]{line}[/]"))
    os.environ.update(stage.environment())
    admin = source_endpoint.parse(stage.elsewhere.get("mariadb") or stage.server("mariadb").url)

    _step(f"A marketplace of about {SEED_ROWS:,} rows, there before Rowline is")
    with connect(admin) as connection:
        market.create(connection)
        connection.autocommit(False)
        added = 0
        for added in market.seed(connection, SEED_ROWS):  # noqa: B007
            pass
    console.print(f"  {added:,} rows added")

    _step("Deploy")
    _run("sls", "deploy", "--stage", "local")
    search = Elasticsearch(os.environ["ROWLINE_ELASTICSEARCH"])
    pipeline = Pipeline(open_stage("local"), admin, search)
    pipeline.wait_for_relay()

    _step("Existing rows into Elasticsearch, while changes may continue")
    _run("rowline", "backfill", CONSUMER, "--stage", "local")

    _step(f"Workload: {WORKLOAD_CHANGES:,} row changes from 4 connections")
    work(pipeline)

    _step(f"Backlog: {BACKLOG_CHANGES:,} row changes at once")
    drained = pipeline.drain(BACKLOG_CHANGES)

    _step(f"Latency: {SAMPLES} single changes, commit → acknowledged by Elasticsearch")
    latencies = pipeline.latencies(SAMPLES)

    _step("One listing, before and after an update")
    update_one(pipeline)

    _step("Every row compared with the index")
    _run("rowline", "verify", CONSUMER, "--stage", "local")

    console.print(figures(drained, latencies, time.monotonic() - began))
    print(HINTS)


def work(pipeline: Pipeline) -> None:
    """Changes of every kind from several connections; one row is too large for a message."""
    start = time.monotonic()
    workload = Workload(pipeline.connect, changes=WORKLOAD_CHANGES, number=int(time.time())).start()
    with pipeline.connect() as connection, connection.cursor() as cursor:
        insist(
            cursor,
            "UPDATE market.listings SET description = REPEAT('grün ✨ ', 100000) ORDER BY id "
            "DESC LIMIT 1",
        )
    changes = workload.join() + 1
    committed = time.monotonic() - start
    pipeline.wait_until_applied("the workload in Elasticsearch")
    console.print(
        f"  {changes:,} changes committed in {committed:.1f} s, "
        f"all applied after {time.monotonic() - start:.1f} s"
    )


def update_one(pipeline: Pipeline) -> None:
    """Show a listing in Elasticsearch, change its row, and show it again."""
    with pipeline.connect() as connection, connection.cursor() as cursor:
        words = f"limited edition {int(time.time())}"
        cursor.execute(
            "SELECT id, title FROM market.listings WHERE status = 'active' ORDER BY id LIMIT 1"
        )
        key, old = cursor.fetchall()[0]
        _show(pipeline.search, old)
        cursor.execute(
            "UPDATE market.listings SET title = %s, price = price + 1 WHERE id = %s", (words, key)
        )
    wait("the update in Elasticsearch", lambda: pipeline.document(key).get("title") == words, 30)
    _show(pipeline.search, words)


def figures(drained: Drained, latencies: list[float], seconds: float) -> Table:
    """The table at the end."""
    p50 = statistics.median(latencies)
    p99 = sorted(latencies)[max(0, int(len(latencies) * 0.99) - 1)]
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, figure in (
        (
            "throughput",
            f"{drained.changes / drained.applied:,.0f} row changes/s, first to last of a backlog "
            f"of {drained.changes:,}",
        ),
        ("writer", f"{drained.changes / drained.written:,.0f} row changes/s"),
        ("latency", f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, commit to acknowledged"),
        ("demo", f"{seconds:.0f} s"),
    ):
        table.add_row(f"[bold]{name}[/]", figure)
    return table


def _step(text: str) -> None:
    console.print(f"[bold cyan]▸[/] {text}")


def _show(search: Elasticsearch, words: str) -> None:
    search.indices.refresh(index=INDEX)
    found = search.search(index=INDEX, query={"match_phrase": {"title": words}}, size=1)
    shown = "nothing"
    for hit in found["hits"]["hits"]:
        document = hit["_source"]
        fields = (f"{name}={document.get(name)!r}" for name in ("title", "price", "status"))
        shown = f"[bold]{hit['_id']}[/] {', '.join(fields)}"
    console.print(f"    search title:[italic]{words!r}[/] → {shown}")


def _run(*command: str) -> None:
    """Run a command that the user could type; its output goes to the terminal.

    Raises RowlineError if it fails. Ctrl-C ends it silently.
    """
    console.print(f"  [dim]$ {' '.join(command)}[/]")
    folders = [str(ROOT / ".venv/bin"), str(ROOT / "node_modules/.bin"), os.environ["PATH"]]
    program = shutil.which(command[0], path=os.pathsep.join(folders)) or command[0]
    # Node's own warnings are about the framework, nothing that a user of Rowline could change.
    environment = {**os.environ, "NODE_NO_WARNINGS": "1"}
    child = subprocess.Popen(
        [program, *command[1:]], cwd=ROOT, env=environment, start_new_session=True
    )
    try:
        code = child.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    if code:
        raise RowlineError(
            "failed; its last lines are above.",
            thing=" ".join(command),
            hint="`rowline doctor --stage local` looks for the cause.",
        )


if __name__ == "__main__":
    try:
        main()
    except RowlineError as error:
        Console(stderr=True, emoji=False).print(f"error {error}", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\ninterrupted: `make demo` continues from here, `make down` stops the servers")
        sys.exit(130)
