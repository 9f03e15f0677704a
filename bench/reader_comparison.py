"""Readers side by side: every reader reads each workload of each server in turn."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.binlog_workload import BinlogWorkload, Written, prepare, write
from bench.measure import Run, run
from bench.readers import MeasuredReader, environment, places
from bench.say import Say
from local.servers.database_server import DatabaseServer
from local.servers.mariadb import MariaDB
from local.servers.mysql import MySQL
from shared.values.errors import RowlineError

SERVERS: dict[str, type[DatabaseServer]] = {"mariadb": MariaDB, "mysql": MySQL}
_ONE_FILE = "--max-binlog-size=1073741824"


@dataclass
class ReaderRuns:
    """What one reader did of one workload on one server: a run a round, or why it failed."""

    server: str
    workload: BinlogWorkload
    reader: str
    runs: list[Run] = field(default_factory=list)
    failure: str = ""

    @property
    def rate(self) -> float:
        """Changes a CPU-second: the median of the rounds, for machines are never quiet."""
        return self.workload.changes / median(each.cpu for each in self.runs)

    @property
    def wall(self) -> float:
        """Seconds, the median."""
        return median(each.wall for each in self.runs)

    @property
    def rss_mb(self) -> float:
        return max(each.rss_mb for each in self.runs)


@contextmanager
def started(kind: str, folder: Path) -> Iterator[DatabaseServer]:
    """An empty server of its own, gone afterwards."""
    server = SERVERS[kind](folder / kind, extra_args=(_ONE_FILE,)).start()
    try:
        prepare(server)
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder / kind, ignore_errors=True)


def compare(
    server: DatabaseServer,
    workload: BinlogWorkload,
    readers: Sequence[MeasuredReader],
    rounds: int,
    say: Say,
) -> list[ReaderRuns]:
    """Let every reader in turn read a workload that was written just now.

    rounds: How often each reads it for its figures. A round before counts its lines; without rounds
        the figures of that one count.
    """
    say(f"{server.kind}: writing {workload.changes:,} changes, {workload.name}")
    written = write(server, workload)
    readings = [ReaderRuns(server.kind, workload, reader.name) for reader in readers]
    for number in range(rounds + 1):
        for reader, reading in zip(readers, readings, strict=True):
            if not reading.failure:
                say(
                    f"{server.kind}, {workload.name}: {reader.name}, "
                    f"{f'round {number} of {rounds}' if number else 'counting its lines'}"
                )
                _round(
                    server,
                    written,
                    reader,
                    reading,
                    count=number == 0,
                    keep=number > 0 or not rounds,
                )
    return readings


def _round(
    server: DatabaseServer,
    written: Written,
    reader: MeasuredReader,
    reading: ReaderRuns,
    *,
    count: bool,
    keep: bool,
) -> None:
    values = places(server, written)
    try:
        done = run(reader.filled(values), environment(server, values), count=count)
    except RowlineError as error:
        reading.failure = str(error)
        return
    if count and done.lines != written.workload.changes:
        reading.failure = f"printed {done.lines:,} lines for {written.workload.changes:,} changes."
    elif keep:
        reading.runs.append(done)
