"""`rowline init`"""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from cli.ui.console import note_console
from cli.ui.name_list import split_names
from cli.ui.source_address import endpoint_of
from shared.adapters.database.sql import SqlDatabase
from shared.flows.source.stanza_text import put_in, stanzas
from shared.flows.source.table_listing import list_tables
from shared.values.counted import counted
from shared.values.errors import ConfigError

# As the serverless.yml of this repository names them; the values stand in Secrets Manager.
_SOURCE_SECRET = "${param:sourceSecret}"  # noqa: S105
_SEARCH_SECRET = "${param:searchSecret}"  # noqa: S105


def command(
    source: Annotated[
        str,
        typer.Option(
            "--source",
            envvar="ROWLINE_SOURCE",
            help="The database: a URL or secret:NAME. Asked for if not given.",
        ),
    ] = "",
    tables: Annotated[
        str,
        typer.Option("--tables", help="Only these tables: names or patterns, separated by commas."),
    ] = "*.*",
    name: Annotated[
        str,
        typer.Option("--name", help="The source's logical name; its database's name if not given."),
    ] = "",
    consumer: Annotated[
        str, typer.Option("--consumer", help="The name of the first consumer.")
    ] = "search",
    secret: Annotated[
        str, typer.Option("--secret", help="Secret of the database, or a parameter.")
    ] = _SOURCE_SECRET,
    search_secret: Annotated[
        str, typer.Option("--search-secret", help="Secret of Elasticsearch, or a parameter.")
    ] = _SEARCH_SECRET,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Put the stanzas into ./serverless.yml instead of printing them."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --write: replace the stanzas that are there.")
    ] = False,
) -> None:
    """Ask a database for its tables and write the stanzas that capture them.

    Everything else in serverless.yml is kept. Tables that cannot be captured become comments with
    the reason.

    Example: `rowline init --source mysql://rowline@db.example.com --tables 'shop.*' --write`
    """
    url = source or typer.prompt(
        "Database (mysql://USER:PASSWORD@HOST:PORT, or secret:NAME)", err=True
    )
    database = SqlDatabase(endpoint_of(url))
    try:
        listing = list_tables(database, None, split_names(tables))
    finally:
        database.close()
    first = listing.tables[0].table.partition(".")[0] if listing.tables else "source"
    blocks = stanzas(
        listing,
        source=name or _name(first),
        consumer=consumer,
        source_secret=secret,
        search_secret=search_secret,
    )
    console = note_console()
    captured = sum(table.can_be_captured for table in listing.tables)
    if not write:
        typer.echo("\n".join(blocks.values()), nl=False)
    else:
        _write(Path("serverless.yml"), blocks, force)
        console.print(
            f"wrote {' and '.join(blocks)} into serverless.yml; nothing else in it changed",
            markup=False,
        )
    console.print(
        f"{captured} of {counted(len(listing.tables), 'table')} can be captured. Next: "
        "rowline check",
        markup=False,
    )


def _write(file: Path, blocks: dict[str, str], force: bool) -> None:
    """Write the stanzas in one step: after a kill, the file is either the old or the new one."""
    if not file.is_file():
        raise ConfigError(
            "is not here.",
            thing=str(file),
            hint="Run this in the project's folder, or leave out --write to print the stanzas.",
        )
    text = put_in(file.read_text(), blocks, force=force)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_text(text)
    new.replace(file)


def _name(database: str) -> str:
    """The logical name for a database: 40 letters and digits at most, a small letter first."""
    words = re.findall(r"[A-Za-z0-9]+", database) or ["source"]
    name = words[0] + "".join(word.capitalize() for word in words[1:])
    named = name[0].lower() + name[1:] if name[0].isalpha() else f"db{name}"
    return named[:40]
