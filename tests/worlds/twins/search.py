"""Elasticsearch in memory: versions, tombstones and their forgetting, missing indexes, refused
documents.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from shared.adapters.search.contract import (
    Action,
    AliasMove,
    Behind,
    Document,
    Result,
    numbered_index,
)
from shared.values.errors import SearchError, SearchUnavailable
from shared.values.json_text import decode_json, encode_json

_any: "msgspec.json.Decoder[Any]" = msgspec.json.Decoder()


class _Held(msgspec.Struct):
    version: int
    body: dict[str, Any] | None


class MemorySearch:
    """A Search without a server. `down` makes every request fail; a `long` field refuses what is no
    number, as a real mapping does. `plain` are names of indexes that are no aliases, `created_ms`
    when the others were made, `refuses` why no definition is accepted.
    """

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, _Held]] = {}
        self.definitions: dict[str, dict[str, Any]] = {}
        self.down = False
        self.address = "memory:9200"
        self.plain: set[str] = set()
        self.created_ms = 0
        self.ids: dict[str, str] = {}  # by alias; others have one of their own
        self.refuses = ""
        self.aliases: dict[str, str] = {}
        self.permits: dict[str, set[tuple[str, str]]] = {}
        self.visible: dict[str, dict[str, dict[str, Any]]] = {}

    def key(self, name: str) -> str:
        """Where `indexes` holds what a name leads to.

        The index behind an alias that nobody moved is under the alias' own name.
        """
        found = self.aliases.get(name, name)
        plain = found.removesuffix("-000001")
        return plain if found not in self.indexes and plain in self.indexes else found

    def index_behind(self, name: str) -> str:
        """The index that a name leads to."""
        found = self.aliases.get(name, name)
        return found if found in self.aliases.values() or "-0000" in found else f"{found}-000001"

    def show_new(self) -> None:
        """What every second brings: searches see what was written."""
        self.refresh(list(self.indexes))

    def seen(self, name: str) -> dict[str, dict[str, Any]]:
        """What a search sees: id → body."""
        return dict(self.visible.get(self.key(name), {}))

    def make_index(self, index: str, alias: str, definition: dict[str, Any]) -> None:
        self._answer()
        if alias not in self.aliases:
            self.indexes[index] = {}
            self.definitions[index] = msgspec.json.decode(msgspec.json.encode(definition))
            self.aliases[alias] = index

    def put_alias(self, index: str, alias: str) -> None:
        self._answer()
        if self.key(index) not in self.indexes:
            raise SearchError(f"index_not_found_exception: {index}", thing="memory")
        self.aliases[alias] = index

    def drop_alias(self, index: str, alias: str) -> None:
        self._answer()
        self.aliases.pop(alias, None)

    def permit_moves(self, moves: Sequence[AliasMove], permit: str) -> None:
        self._answer()
        for alias, old, _ in moves:
            self.permits[alias] = {(permit, old)} if permit else set()

    def move_aliases(self, moves: Sequence[AliasMove], permit: str) -> None:
        self._answer()
        for alias, old, _ in moves:
            if self.index_behind(alias) != old or (permit, old) not in self.permits[alias]:
                raise SearchError(f"aliases_not_found_exception: {alias}", thing="memory")
        for alias, old, _ in moves:
            self.permits[alias].remove((permit, old))
        self.aliases |= {alias: new for alias, _, new in moves}

    def refresh(self, names: Sequence[str]) -> None:
        self._answer()
        for name in names:
            held = self.indexes.get(self.key(name), {})
            self.visible[self.key(name)] = {
                id: one.body for id, one in held.items() if one.body is not None
            }

    def count(self, name: str) -> int:
        self.refresh([name])
        return len(self.seen(name))

    def forget_deletions(self) -> None:
        """What Elasticsearch does `index.gc_deletes` after a deletion, or when it starts again: an
        older write is accepted then.
        """
        for held in self.indexes.values():
            for id in [id for id, document in held.items() if document.body is None]:
                del held[id]

    def place(self) -> str:
        return self.address

    def version(self) -> str:
        self._answer()
        return "8.0.0"

    def bulk(self, actions: list[Action]) -> list[Result]:
        self._answer()
        return [self._apply(action) for action in actions]

    def extend_mapping(self, alias: str, properties: dict[str, Any]) -> None:
        self._answer()
        if self.key(alias) not in self.indexes:
            raise SearchError(
                f"index_not_found_exception: no such index [{alias}].", thing="memory"
            )
        mappings = self.definitions[self.key(alias)].setdefault("mappings", {})
        mappings["properties"] = {**properties, **mappings.get("properties", {})}

    def ensure_index(self, alias: str, definition: dict[str, Any]) -> None:
        self._answer()
        if self.key(alias) not in self.indexes:
            index = alias
            if numbered_index(alias, 1) in self.indexes:  # it was left without the alias
                index = next(
                    name
                    for number in itertools.count(2)
                    if (name := numbered_index(alias, number)) not in self.indexes
                )
                self.aliases[alias] = index
            self.indexes[index] = {}
            self.definitions[index] = msgspec.json.decode(msgspec.json.encode(definition))

    def behind(self, names: Sequence[str]) -> dict[str, Behind]:
        self._answer()
        return {
            name: Behind(False, (name,), 0)
            if name in self.plain
            else Behind(
                True,
                (self.index_behind(name),),
                self.created_ms,
                (self.ids.get(name, f"id-{self.key(name)}"),),
            )
            for name in names
            if name in self.plain or self.key(name) in self.indexes
        }

    def refusal(self, definition: dict[str, Any]) -> str:
        self._answer()
        return self.refuses

    def get(self, index: str, ids: list[str]) -> dict[str, Document]:
        self._answer()
        held = self.indexes.get(self.key(index), {})
        return {
            id: Document(id, held[id].version, dict(body))
            for id in ids
            if id in held and (body := held[id].body) is not None
        }

    def versions(self, index: str, ids: list[str]) -> dict[str, int]:
        return {id: each.version for id, each in self.get(index, ids).items()}

    def scan(self, index: str) -> Iterator[Document]:
        self._answer()
        for id, document in list(self.indexes.get(self.key(index), {}).items()):
            if document.body is not None:
                yield Document(id, document.version, {})

    def _answer(self) -> None:
        if self.down:
            raise SearchUnavailable(
                "does not answer.", thing="memory", hint="It is set to be down."
            )

    def _apply(self, action: Action) -> Result:
        key = self.key(action.index)
        if key not in self.indexes:
            return Result("missing", "index_not_found_exception")
        held = self.indexes[key]
        if action.body is not None:
            # Through JSON, as a real one would keep it: nothing that changes later shows in what is
            # held.
            body = decode_json(encode_json(action.body), _any)
            if reason := self._refusal(key, body):
                return Result("refused", reason)
        else:
            body = None
        if action.id in held and held[action.id].version > action.version:
            return Result("superseded", "version_conflict_engine_exception")
        held[action.id] = _Held(action.version, body)
        return Result("applied")

    def _refusal(self, alias: str, body: dict[str, Any]) -> str:
        mappings = self.definitions[alias].get("mappings", {}).get("properties", {})
        for field, value in body.items():
            if mappings.get(field, {}).get("type") == "long" and isinstance(value, (dict, list)):
                return f"document_parsing_exception: failed to parse field [{field}] of type [long]"
        return ""
