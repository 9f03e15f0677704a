"""Stanza text: `sources:` and `consumers:` for the tables of a database, as text."""

import json
import re

from shared.flows.source.table_listing import Listing
from shared.values.errors import ConfigError

_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_.$-]*$")
_BLOCK = re.compile(r"^([A-Za-z][\w-]*):")


def stanzas(
    listing: Listing, *, source: str, consumer: str, source_secret: str, search_secret: str
) -> dict[str, str]:
    """The stanzas: top-level key → text.

    A table that cannot be captured becomes a comment with the reason. Raises ConfigError when none
    can be captured.
    """
    working = [table for table in listing.tables if table.can_be_captured]
    if not working:
        raise ConfigError(
            "has no table that can be captured.",
            thing="the database",
            hint="`rowline tables` says what is in the way of each.",
        )
    lines = [f"  {source}:", f"    secret: {source_secret}", "    start: latest", "    tables:"]
    for table in listing.tables:
        lines.append(
            f"      {_scalar(table.table)}:"
            if table.can_be_captured
            else f"      # {_scalar(table.table)}: {'; '.join(table.refused)}"
        )
    taken = ", ".join(_scalar(table.table) for table in working)
    consumers = [
        f"  {consumer}:",
        f"    tables: [{taken}]",
        f"    elasticsearch: {{secret: {json.dumps(search_secret)}}}",
    ]
    return {
        "sources": "\n".join(["sources:", *lines, ""]),
        "consumers": "\n".join(["consumers:", *consumers, ""]),
    }


def put_in(document: str, blocks: dict[str, str], *, force: bool = False) -> str:
    """Put top-level blocks into a document, in place of its own, and keep everything else.

    force: replace blocks that the document already has. Raises ConfigError for them without it.
    """
    lines = document.splitlines(keepends=True)
    starts = [
        (number, match[1]) for number, line in enumerate(lines) if (match := _BLOCK.match(line))
    ]
    present = [name for _, name in starts if name in blocks]
    if present and not force:
        raise ConfigError(
            f"has {' and '.join(present)} already.",
            thing="serverless.yml",
            hint="Add --force to replace them, or leave out --write and copy.",
        )
    ends = [*(number for number, _ in starts[1:]), len(lines)][: len(starts)]
    made: list[str] = []
    at = 0
    for (number, name), end in zip(starts, ends, strict=True):
        made += lines[at:number]
        # Blank lines and comments before the next block belong to that one.
        own = end
        while own > number + 1 and (not lines[own - 1].strip() or lines[own - 1].startswith("#")):
            own -= 1
        made += [blocks[name]] if name in blocks else lines[number:own]
        made += lines[own:end]
        at = end
    made += lines[at:]
    text = "".join(made)
    for name, block in blocks.items():
        if name not in present:
            text = f"{text.rstrip()}\n\n{block}" if text.strip() else block
    return text


def _scalar(name: str) -> str:
    return name if _PLAIN.match(name) else json.dumps(name, ensure_ascii=False)
