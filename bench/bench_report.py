"""What came out: a table for a person, JSON for a program."""

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench.reader_comparison import ReaderRuns
from local.home import CHECKOUT

FOLDER = CHECKOUT / ".local/bench"
WIDTH = 120

AT_MOST: dict[str, float] = {
    "aws_calls_per_1000_changes": 8,
    "idle_arrival_to_request_ms": 50,
    "idle_arrival_to_request_max_ms": 50,
    "status_ms": 800,
    "snapshot_peak_mb": 512,
}
AT_LEAST: dict[str, float] = {
    "consumer_to_parallel_bulk_at_20": 1,
    "archive_changes_per_cpu_second": 20_000,
    "fill_to_parallel_bulk": 0.7,
    "plain_fill_to_parallel_bulk": 0.7,
    "snapshot_to_plain": 0.8,
}
"""The limits that Rowline sets itself; a figure without one is shown for its own sake."""

TITLES = {
    "relay": "The relay, MariaDB to the emulated SNS",
    "consumer": "The consumer beside parallel_bulk, on one Elasticsearch",
    "fill": "Backfills from the source and the archive beside parallel_bulk, on one Elasticsearch",
    "archive": "The archive's committer beside a plain write by PyArrow, on one emulated S3",
    "snapshot": "A snapshot beside an unbuffered cursor and PyArrow, on one MariaDB",
    "stage": "A deployed stage",
}


def show(
    console: Console, readings: Sequence[ReaderRuns], measured: dict[str, dict[str, float]]
) -> None:
    """Print the tables.

    Ratios are those of Rowline, the first reader of each workload, to the reader of the line.
    """
    if readings:
        console.print(_readers(readings))
    for part, figures in measured.items():
        console.print(_figures(part, figures))


def save(readings: Sequence[ReaderRuns], measured: dict[str, dict[str, float]]) -> Path:
    """Write everything, each run too, to a file named by the time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    content = {"machine": machine(), "readers": [_plain(each) for each in readings], **measured}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
    return path


def machine() -> dict[str, Any]:
    """What the figures were seen on."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = [
            line
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ]
        model = lines[0].partition(":")[2].strip() if lines else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def _plain(reading: ReaderRuns) -> dict[str, Any]:
    plain = {
        "server": reading.server,
        "workload": reading.workload.name,
        "changes": reading.workload.changes,
        "reader": reading.reader,
    }
    if reading.failure:
        return plain | {"failure": reading.failure}
    return plain | {
        "changes_per_cpu_second": round(reading.rate),
        "wall": reading.wall,
        "rss_mb": reading.rss_mb,
        "runs": reading.runs,
    }


def _readers(readings: Sequence[ReaderRuns]) -> Table:
    table = Table(
        "server",
        "workload",
        "reader",
        title="Whole process, from the binlog to one JSON line a change",
        title_justify="left",
    )
    for name in ("changes/CPU-s", "Rowline ×", "wall s", "peak MB"):
        table.add_column(name, justify="right")
    first: ReaderRuns | None = None
    for each in readings:
        begins = first is None or (each.server, each.workload) != (first.server, first.workload)
        if begins:
            first = each
            table.add_section()
        place = [each.server, each.workload.name] if begins else ["", ""]
        if each.failure:
            table.add_row(*place, each.reader, "failed", "", "", "")
            continue
        ratio = (
            f"{first.rate / each.rate:.2f}" if first and not begins and not first.failure else ""
        )
        table.add_row(
            *place,
            each.reader,
            f"{each.rate:,.0f}",
            ratio,
            f"{each.wall:.1f}",
            f"{each.rss_mb:.0f}",
        )
    return table


def _figures(part: str, figures: dict[str, float]) -> Table:
    table = Table(part, title=TITLES[part], title_justify="left")
    table.add_column("figure", justify="right")
    table.add_column("limit", justify="right")
    for name, value in figures.items():
        limit = f"≤ {AT_MOST[name]:g}" if name in AT_MOST else ""
        limit = f"≥ {AT_LEAST[name]:g}" if name in AT_LEAST else limit
        table.add_row(name.replace("_", " "), f"{value:,.2f}", limit)
    return table
