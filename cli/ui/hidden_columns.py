"""The columns that the stanzas of a folder drop or mask, for commands that print rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.service_file import FILE, read_service_file
from shared.adapters.project.serverless import declaration_of
from shared.values.errors import ConfigError
from shared.values.settings import SourceSettings, TableSettings


def hidden_columns(folder: Path, stage: str, secret: str = "") -> dict[str, TableSettings]:
    """Table or pattern → what its stanza hides; empty where the folder declares no such table.

    secret: the source is the one with this secret; without one of these, any source is meant.
    Raises ConfigError when the stanzas cannot be read: then nobody knows what is hidden.
    """
    if not _may_hide(folder):
        return {}
    settings = declaration_of(folder, stage).settings
    if settings is None:
        raise ConfigError(
            "has mistakes, so it is not known which columns it hides.",
            thing=FILE,
            hint="`rowline check` names them. `--all-columns` shows every column.",
        )
    sources = settings.sources.values()
    named = [source for source in sources if source.secret == secret]
    return _together(named or list(sources))


def _may_hide(folder: Path) -> bool:
    """Whether it is worth to resolve the file's variables, which takes seconds."""
    hint = "So it is not known which columns it hides. `--all-columns` shows every column."
    found = read_service_file(folder, hint=hint)
    declared = found.get("sources")
    sources = declared.values() if isinstance(declared, dict) else [declared]
    return any(
        _names_hiding(source.get("tables") if isinstance(source, dict) else source)
        for source in sources
    )


def _names_hiding(node: Any) -> bool:
    """Whether a part of the stanzas drops or masks columns, or is a variable, which might do so."""
    if isinstance(node, Mapping):
        return any(key in ("drop", "mask") or _names_hiding(node[key]) for key in node)
    if isinstance(node, list):
        return any(map(_names_hiding, node))
    return isinstance(node, str) and "${" in node


def _together(sources: list[SourceSettings]) -> dict[str, TableSettings]:
    """What any of them hides. Shards and cascades do not matter to a reader of rows."""
    found: dict[str, TableSettings] = {}
    for source in sources:
        for name, table in source.tables.items():
            former = found.get(name, TableSettings())
            found[name] = TableSettings(
                key=former.key or table.key,
                drop=tuple(dict.fromkeys((*former.drop, *table.drop))),
                mask={**table.mask, **former.mask},
            )
    return found if any(table.hidden for table in found.values()) else {}
