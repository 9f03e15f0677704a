"""Readers that are measured: Rowline, the library beside it, and any command that its user
names.
"""

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.binlog_workload import DATABASE, TABLE, Written
from local.home import CHECKOUT
from local.servers.database_server import READER, DatabaseServer
from shared.values.errors import ConfigError

LIBRARY_PYTHON = CHECKOUT / ".local/bench/venv/bin/python"


@dataclass(frozen=True)
class MeasuredReader:
    """A program that prints one line a change to standard output and ends after the last one.

    command: Holds places such as `{host}`, see `places`. The environment has the same values as
        BENCH_HOST and so on.
    """

    name: str
    command: tuple[str, ...]

    def filled(self, places: dict[str, str]) -> list[str]:
        """The command for one workload. Raises ConfigError for a place that is not known."""
        try:
            return [part.format_map(places) for part in self.command]
        except (KeyError, ValueError, IndexError) as error:
            raise ConfigError(
                f"has a place that is not known: {error}.",
                thing=f"--reader {self.name}",
                hint=f"Places are {', '.join(sorted(places))}.",
            ) from None


ROWLINE = MeasuredReader(
    "rowline tail",
    (
        str(Path(sys.executable).with_name("rowline")),
        "tail",
        "--tables",
        f"{DATABASE}.{TABLE}",
        "--from",
        "{file}:{offset}",
        "--until-now",
    ),
)
LIBRARY = MeasuredReader(
    "python-mysql-replication + orjson",
    (str(LIBRARY_PYTHON), str(Path(__file__).with_name("library.py"))),
)


def parse(text: str) -> MeasuredReader:
    """`NAME=COMMAND`, the command split as a shell splits words. Raises ConfigError."""
    name, found, command = text.partition("=")
    words = shlex.split(command)
    if not (name and found and words):
        raise ConfigError("is not NAME=COMMAND.", thing=f"--reader {text}")
    return MeasuredReader(name, tuple(words))


def places(server: DatabaseServer, written: Written) -> dict[str, str]:
    """The server, the positions and the number of changes that a reader must know."""
    return {
        "flavor": server.kind,
        "host": server.host,
        "port": str(server.port),
        "user": READER,
        "password": server.password,
        "database": DATABASE,
        "table": TABLE,
        "file": written.start.file,
        "offset": str(written.start.offset),
        "end_file": written.end.file,
        "end_offset": str(written.end.offset),
        "changes": str(written.workload.changes),
    }


def environment(server: DatabaseServer, values: dict[str, str]) -> dict[str, str]:
    """A reader's environment: ours, its places, and the source for Rowline.

    `ROWLINE_SOURCE` keeps the password out of the command line.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("BENCH_")}
    return {
        **ours,
        **{f"BENCH_{name.upper()}": value for name, value in values.items()},
        "ROWLINE_SOURCE": server.reader_url,
    }
