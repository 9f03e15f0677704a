"""`python -m bench`, which is what `make bench` runs."""

import os
import shutil
import sys
from typing import Annotated

import typer
from rich.console import Console

from bench import (
    archive_backfill,
    archiving,
    bench_report,
    consuming,
    deployed_stage,
    measured_relay,
    reader_comparison,
    relaying,
    snapshotting,
    source_backfill,
)
from bench.binlog_workload import BinlogWorkload
from bench.readers import LIBRARY, LIBRARY_PYTHON, ROWLINE, MeasuredReader, parse
from bench.say import Say
from local.home import home
from local.servers.database_server import DatabaseServer
from shared.values.errors import ConfigError, RowlineError

CHANGES, QUICK_CHANGES, LARGEST = 320_000, 2_000, 2_000_000
_QUICK_RELAY = relaying.Size(backlog=2_000, idle=2, handovers=1, rate=50, seconds=0.2)
PARTS = (*reader_comparison.SERVERS, "relay", "consumer", "fill", "archive", "snapshot", "stage")


def main(
    reader: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COMMAND",
            help="Another reader; see docs/bench.md. May be given several times.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join(PARTS), help="Measure only this; may be given several times."
        ),
    ] = None,
    changes: Annotated[int, typer.Option(min=100, help="Row changes of a workload.")] = CHANGES,
    rounds: Annotated[
        int,
        typer.Option(min=1, help="How often each reader reads each workload; the median counts."),
    ] = 3,
    largest: Annotated[
        bool,
        typer.Option(
            help="Also one transaction of 2,000,000 changes, read by Rowline alone, for its memory."
        ),
    ] = True,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="A few changes, read once: whether everything works, no figures."
        ),
    ] = False,
) -> None:
    """Measure Rowline beside other programs and the emulated AWS; print tables and write JSON."""
    parts = only or list(PARTS)
    if unknown := sorted(set(parts) - set(PARTS)):
        raise ConfigError(
            "is no part of it.", thing=f"--only {unknown[0]}", hint=f"Parts are {', '.join(PARTS)}."
        )
    if quick:
        changes, rounds, largest = QUICK_CHANGES, 0, False
    readers = [ROWLINE, *([LIBRARY] if LIBRARY_PYTHON.exists() else []), *map(parse, reader or [])]
    console, progress = (
        Console(width=bench_report.WIDTH, soft_wrap=True),
        Console(stderr=True, highlight=False, soft_wrap=True),
    )

    def say(text: str) -> None:
        progress.print(f"· {text}", markup=False)

    if not LIBRARY_PYTHON.exists():
        say(f"{LIBRARY.name} is not installed; `make bench` does it")
    folder = home().base / "bench-servers" / str(os.getpid())  # two runs at once do not meet
    folder.mkdir(parents=True)
    readings: list[reader_comparison.ReaderRuns] = []
    measured: dict[str, dict[str, float]] = {}
    for kind in reader_comparison.SERVERS:
        own = ("relay", "fill", "snapshot") if kind == "mariadb" else ()
        if not {kind, *own} & set(parts):
            continue
        with reader_comparison.started(kind, folder) as server:
            if kind in parts:
                readings += read(server, readers, changes, rounds, say, largest=largest)
            if "fill" in own and "fill" in parts:
                amount, times = (2_000, 1) if quick else (100_000, 4)
                measured["fill"] = source_backfill.figures(server, folder, amount, times, say)
            for part in [each for each in own if each in parts and each != "fill"]:
                with measured_relay.emulated(folder) as environment:
                    if part == "relay":
                        size = _QUICK_RELAY if quick else relaying.Size()
                        place = measured_relay.RelayingPlace(server, environment)
                        measured[part] = relaying.figures(place, size, say)
                    else:
                        rows, times = (2_000, 1) if quick else (1_000_000, 3)
                        measured[part] = snapshotting.figures(
                            server, environment, folder, rows, times, say
                        )
    if "consumer" in parts:
        amount, times = (2_000, 1) if quick else (60_000, 8)
        measured["consumer"] = consuming.figures(folder, amount, times, say)
    if "fill" in parts:
        amount, times = (2_000, 1) if quick else (100_000, 4)
        measured["fill"] = measured.get("fill", {}) | archive_backfill.figures(
            folder, amount, times, say
        )
    if "archive" in parts:
        amount, times = (2_000, 1) if quick else (100_000, 4)
        measured["archive"] = archiving.figures(folder, amount, times, say)
    if "stage" in parts:
        measured["stage"] = deployed_stage.figures(folder, 1 if quick else 7, say)
    shutil.rmtree(folder, ignore_errors=True)
    bench_report.show(console, readings, measured)
    failed = [each for each in readings if each.failure]
    for each in failed:
        console.print(
            f"{each.server}, {each.workload.name}: {each.reader}: {each.failure}", markup=False
        )
    console.print(f"All of it: {bench_report.save(readings, measured)}", markup=False)
    raise typer.Exit(1 if failed else 0)


def read(
    server: DatabaseServer,
    readers: list[MeasuredReader],
    changes: int,
    rounds: int,
    say: Say,
    *,
    largest: bool,
) -> list[reader_comparison.ReaderRuns]:
    """The workloads of one server."""
    readings: list[reader_comparison.ReaderRuns] = []
    for workload in (
        BinlogWorkload("single rows", changes),
        BinlogWorkload("many rows a statement", changes, rows=min(1000, changes // 10)),
    ):
        readings += reader_comparison.compare(server, workload, readers, rounds, say)
    if largest:
        workload = BinlogWorkload("one transaction", LARGEST, rows=1000, one_transaction=True)
        readings += reader_comparison.compare(server, workload, [ROWLINE], 1, say)
    return readings


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        app()
    except RowlineError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
