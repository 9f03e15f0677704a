"""`rowline tail`"""

import gc
import os
import secrets
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from cli.ui.hidden_columns import hidden_columns
from cli.ui.name_list import table_patterns
from cli.ui.source_address import SECRET, endpoint_of
from shared.adapters.binlog import open_binlog
from shared.adapters.binlog.contract import Binlog, Due, SchemaChanged
from shared.adapters.database.sql import SqlDatabase
from shared.domain.captured_tables import unknown_table
from shared.flows.tail import absent_tables, tail
from shared.values.position import Position
from shared.values.source_endpoint import SourceEndpoint


def command(
    source: Annotated[
        str,
        typer.Option(
            envvar="ROWLINE_SOURCE",
            metavar="URL|secret:NAME",
            help=(
                "mysql://USER:PASSWORD@HOST:PORT[?tls=off|verify|verify-ca&ca=PATH], or a secret "
                "in AWS Secrets Manager. Without a password in the URL you are asked."
            ),
            show_envvar=True,
        ),
    ],
    tables: Annotated[
        list[str],
        typer.Option(
            metavar="DATABASE.TABLE",
            help="Which tables; * stands for any characters; may be given several times.",
        ),
    ],
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="earliest|latest|POSITION",
            help="Where to begin; a position is FILE:OFFSET or a GTID set.",
        ),
    ] = "latest",
    until_now: Annotated[
        bool, typer.Option("--until-now", help="Stop at the end that the binlog has now.")
    ] = False,
    name: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The source's logical name in the output; its host if not given."
        ),
    ] = "",
    all_columns: Annotated[
        bool,
        typer.Option(
            "--all-columns",
            help="Also show the columns that the stanzas in this folder drop or mask.",
        ),
    ] = False,
    stage: Annotated[
        str,
        typer.Option(
            "--stage",
            envvar="ROWLINE_STAGE",
            help="The stage for which the variables of these stanzas are resolved.",
        ),
    ] = "local",
) -> None:
    """Print the changes of a database as JSON lines, straight from its binlog, without any AWS.

    A line is a change as consumers get it, with `source`, `database` and `table`; `seq` counts from
    1 here. In a folder with stanzas, the columns that these drop or mask are hidden.

    Example: `rowline tail --source mysql://root@127.0.0.1:3306 --tables 'shop.*' --from earliest
    --until-now`
    """
    endpoint = endpoint_of(source)
    patterns = table_patterns(tables)
    secret = source.removeprefix(SECRET) if source.startswith(SECRET) else ""
    hidden = {} if all_columns else hidden_columns(Path.cwd(), stage, secret)
    key = secrets.token_bytes(32)
    _look_for_tables(endpoint, patterns, required=start == "latest")
    if any("hash" in table.mask.values() for table in hidden.values()):
        _say(
            "note: hashes are those of this run. Consumers get hashes under the key in the secret."
        )
    # What is loaded by now stays, and rows hold no cycles: the collector would look through them in
    # vain, 700 objects at a time.
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    # replicas of a server have small ids; a random high one meets neither them nor another tail
    binlog = open_binlog(endpoint, patterns, 1 << 31 | secrets.randbits(30))
    try:
        end = binlog.latest() if until_now else None
        begin = _start(binlog, start)
        named = name or endpoint.host
        tail(binlog, named, begin, end, _write, _note, hidden=hidden, mask_key=key)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:
        # whoever read the lines has enough; Python's own flush at exit must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        binlog.close()


def _look_for_tables(endpoint: SourceEndpoint, patterns: list[str], *, required: bool) -> None:
    """Name the patterns that match no existing table, instead of waiting for them in silence.

    required: raise SourceError for a name without `*`. An older place in the binlog may still
    hold rows of a table that is gone.
    """
    with closing(SqlDatabase(endpoint)) as database:
        absent = absent_tables(database, patterns)
    for pattern in absent:
        if required and "*" not in pattern:
            raise unknown_table(pattern)
        _say(
            f"note: {pattern} is no table that is there now, or the account may not SELECT from "
            "it. `rowline tables` lists what the account sees."
        )


def _start(binlog: Binlog, text: str) -> Position:
    if text == "earliest":
        return binlog.earliest()
    if text == "latest":
        return binlog.latest()
    return Position.parse(text)


def _write(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


def _note(event: SchemaChanged | Due) -> None:
    said = "its definition changed."
    if type(event) is Due:
        said = f"{event.why} changed rows, or may have, without row events: a backfill is due."
    _say(f"{event.database}.{event.table}: {said}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
