"""`make demo`: servers, deploy, existing rows, a workload, and what came out of it. Safe to run
again while the stack is up.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymysql
from elasticsearch import Elasticsearch, NotFoundError
from rich.console import Console
from rich.table import Table

from cli.stage import open_stage
from local import local_stage
from local.demo import marketplace as market
from local.demo.workload import Workload, insist
from shared.stage import Stage
from shared.values import endpoint
from shared.values.endpoint import SourceEndpoint
from shared.values.errors import RowlineError

ROOT = Path(__file__).resolve().parents[2]
CONSUMER, INDEX = "listingSearch", "market-listings"
SEED_ROWS, WORKLOAD_CHANGES, SAMPLES = 15_000, 6_000, 60
console = Console(highlight=False, emoji=False)


def _step(text: str) -> None:
    console.print(f"[bold cyan]▸[/] {text}")


def _run(*command: str) -> None:
    """Run a command the user could type; its output goes to the terminal, its failure ends the
    demo.
    """
    console.print(f"  [dim]$ {' '.join(command)}[/]")
    program = shutil.which(
        command[0],
        path=os.pathsep.join(
            [str(ROOT / ".venv/bin"), str(ROOT / "node_modules/.bin"), os.environ["PATH"]]
        ),
    )
    if subprocess.run([program or command[0], *command[1:]], cwd=ROOT, check=False).returncode:
        raise RowlineError(
            "failed; its last lines are above.",
            thing=" ".join(command),
            hint="`rowline doctor --stage local` looks for the cause.",
        )


def _wait(
    what: str,
    done: Callable[[], bool],
    seconds: float,
    why: Callable[[], str | None] = lambda: None,
) -> None:
    """Wait until it is done; `why` may name the cause when it is not."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise RowlineError(
                f"did not happen within {seconds:.0f} s.",
                thing=what,
                hint=why() or "See `rowline status --stage local`.",
            )
        time.sleep(0.1)


def _caught_up(deployed: Stage, admin: SourceEndpoint) -> Callable[[], bool]:
    """Whether everything committed before this call is published, and the consumer's queue is
    empty.
    """
    with _connect(admin) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW MASTER STATUS")
        row: Any = cursor.fetchone()
    file, offset = row[0], int(row[1])
    (source,) = deployed.settings.sources

    def done() -> bool:
        _, checkpoint = deployed.streams.load(source)
        if checkpoint is None or (checkpoint.position.file, checkpoint.position.offset) < (
            file,
            offset,
        ):
            return False
        return deployed.queue(CONSUMER).depth() == (0, 0)

    return done


def _connect(admin: SourceEndpoint) -> "pymysql.connections.Connection[Any]":
    return pymysql.connect(
        host=admin.host,
        port=admin.port,
        user=admin.user,
        password=admin.password,
        charset="utf8mb4",
        autocommit=True,
    )


def _latencies(admin: SourceEndpoint, search: Elasticsearch, samples: int) -> list[float]:
    """Seconds from the commit of a single change until Elasticsearch answers with it."""
    out = []
    with _connect(admin) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM market.listings ORDER BY id LIMIT %s", (samples,))
        for number, (key,) in enumerate(cursor.fetchall()):
            stock = 100_000 + number
            cursor.execute("UPDATE market.listings SET stock = %s WHERE id = %s", (stock, key))
            committed = time.monotonic()
            while _document(search, key).get("stock") != stock:
                if time.monotonic() - committed > 30:
                    raise RowlineError(
                        "did not arrive within 30 s.",
                        thing=f"listing {key}",
                        hint="See `rowline status --stage local`.",
                    )
                time.sleep(0.005)
            out.append(time.monotonic() - committed)
    return out


def _document(search: Elasticsearch, key: int) -> dict[str, Any]:
    try:
        return dict(search.get(index=INDEX, id=str(key))["_source"])
    except NotFoundError:
        return {}


def _show(search: Elasticsearch, words: str) -> None:
    search.indices.refresh(index=INDEX)
    hits = search.search(index=INDEX, query={"match_phrase": {"title": words}}, size=1)["hits"][
        "hits"
    ]
    for hit in hits or [{"_id": "-", "_source": {}}]:
        fields = ", ".join(
            f"{name}={hit['_source'].get(name)!r}"
            for name in ("title", "price", "status", "version")
        )
        console.print(
            f"    search title:[italic]{words!r}[/] → [bold]{hit['_id']}[/] {fields}"
            if hits
            else f"    search title:[italic]{words!r}[/] → nothing"
        )


def main() -> None:
    began = time.monotonic()
    _step("Servers: MariaDB, Elasticsearch, emulated AWS")
    stage = local_stage.up(announce=lambda line: console.print(f"  [dim]{line}[/]"))
    os.environ.update(stage.environment())
    admin = endpoint.parse(
        stage.elsewhere.get("mariadb") or stage.server("mariadb").url
    )  # the workload writes, Rowline's account only reads
    search = Elasticsearch(os.environ["ROWLINE_ELASTICSEARCH"])

    _step(f"A marketplace of about {SEED_ROWS:,} rows, there before Rowline is")
    with _connect(admin) as connection:
        market.create(connection)
        connection.autocommit(False)
        added = 0
        for added in market.seed(connection, SEED_ROWS):  # noqa: B007
            pass
    console.print(f"  {added:,} rows added")

    _step("Deploy")
    _run("sls", "deploy", "--stage", "local")
    deployed = open_stage("local")
    (source,) = deployed.settings.sources
    _wait(
        "the relay's first checkpoint",
        lambda: deployed.streams.load(source)[1] is not None,
        90,
        lambda: deployed.streams.load(source)[0].figures.get("error"),
    )

    _step("Existing rows into Elasticsearch, while changes may go on")
    _run("rowline", "backfill", CONSUMER, "--from", "source", "--stage", "local")

    _step(f"Workload: {WORKLOAD_CHANGES:,} row changes from 4 connections")
    start = time.monotonic()
    workload = Workload(
        lambda: _connect(admin), changes=WORKLOAD_CHANGES, number=int(time.time())
    ).start()
    with (
        _connect(admin) as connection,
        connection.cursor() as cursor,
    ):  # a row too large for a message
        insist(
            cursor,
            "UPDATE market.listings SET description = REPEAT('grün ✨ ', 100000) ORDER BY id "
            "DESC LIMIT 1",
        )
    changes = workload.join() + 1
    committed = time.monotonic() - start
    _wait("the workload in Elasticsearch", _caught_up(deployed, admin), 120)
    applied = time.monotonic() - start
    console.print(
        f"  {changes:,} changes committed in {committed:.1f} s, all applied after {applied:.1f} s"
    )

    _step(f"Latency: {SAMPLES} single changes, commit → acknowledged by Elasticsearch")
    latencies = _latencies(admin, search, SAMPLES)

    _step("One listing, before and after an update")
    with _connect(admin) as connection, connection.cursor() as cursor:
        words = f"limited edition {int(time.time())}"
        cursor.execute(
            "SELECT id, title FROM market.listings WHERE status = 'active' ORDER BY id LIMIT 1"
        )
        key, old = cursor.fetchall()[0]
        _show(search, old)
        cursor.execute(
            "UPDATE market.listings SET title = %s, price = price + 1 WHERE id = %s", (words, key)
        )
        _wait(
            "the update in Elasticsearch", lambda: _document(search, key).get("title") == words, 30
        )
        _show(search, words)

    _step("Every row compared with the index")
    _run("rowline", "verify", CONSUMER, "--stage", "local")

    table = Table(show_header=False, box=None, padding=(0, 2))
    p50, p99 = (
        statistics.median(latencies),
        sorted(latencies)[max(0, int(len(latencies) * 0.99) - 1)],
    )
    for name, figure in (
        (
            "throughput",
            f"{changes / applied:,.0f} row changes/s, commit to applied (writer at "
            f"{changes / committed:,.0f}/s)",
        ),
        ("latency", f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, commit to acknowledged"),
        ("demo", f"{time.monotonic() - began:.0f} s"),
    ):
        table.add_row(f"[bold]{name}[/]", figure)
    console.print(table)
    console.print(
        "\n[bold]The stack is up.[/] Try next:\n"
        "  .venv/bin/rowline status\n"
        f"  .venv/bin/rowline tail --source '{stage.source_url}' --tables 'market.*' "
        "--from latest\n"
        f"  mysql -h {admin.host} -P {admin.port} -u {admin.user} "
        f"{'-p' + admin.password if admin.password else ''} market   # change something\n"
        f"  curl '{os.environ['ROWLINE_ELASTICSEARCH']}/{INDEX}/_search?size=1&pretty'\n"
        "  add a consumer in serverless.yml and `npx sls deploy --stage local` "
        "(docs/consumers.md)\n"
        "  make down"
    )


if __name__ == "__main__":
    try:
        main()
    except RowlineError as error:
        Console(stderr=True, emoji=False).print(f"error {error}", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
