"""What the names that somebody writes to lead to: an alias, a plain index, nothing."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from shared.adapters.search.contract import Behind

_PATH_LIMIT = 3000
"""Characters: `http.max_initial_line_length` is 4 KiB. Source: Elasticsearch reference,
"Networking", "HTTP settings"."""
_QUERY = (
    "ignore_unavailable=true"
    "&filter_path=*.aliases,*.settings.index.creation_date,*.settings.index.uuid"
)


def read_behind(names: Sequence[str], get: Callable[[str], Any]) -> dict[str, Behind]:
    """As `Search.behind` says; `get` makes one GET request."""
    held: dict[str, Any] = {}
    for some in _in_paths(names):
        held |= get(f"{some}?{_QUERY}") or {}
    return _behind(names, held)


def _in_paths(names: Sequence[str]) -> Iterator[str]:
    """Names joined by commas, in pieces that fit into a request's first line."""
    piece: list[str] = []
    for name in (quote(name, safe="") for name in names):
        if piece and len(name) + sum(map(len, piece)) + len(piece) > _PATH_LIMIT:
            yield ",".join(piece)
            piece = []
        piece.append(name)
    if piece:
        yield ",".join(piece)


def _behind(names: Sequence[str], held: dict[str, Any]) -> dict[str, Behind]:
    """`held`: index → its aliases and settings."""
    found = {}
    for name in names:
        indexes = sorted(
            index for index, one in held.items() if name == index or name in one.get("aliases", {})
        )
        if indexes:
            created = max(
                int(held[index]["settings"]["index"]["creation_date"]) for index in indexes
            )
            ids = tuple(str(held[index]["settings"]["index"]["uuid"]) for index in indexes)
            found[name] = Behind(name not in held, tuple(indexes), created, ids)
    return found
