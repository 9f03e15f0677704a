"""Erasing outside the archive's tables: the steps of an erasure there; each may be repeated."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import msgspec

from shared.adapters.claims.contract import row_name
from shared.flows.privacy import erasure_progress
from shared.flows.privacy.erasable import parked_of, rows_of
from shared.flows.privacy.person_rows import changes
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.values.change import Row
from shared.values.erasure import Erasure, Subject
from shared.values.json_text import decode_json, encode_json
from shared.values.row_key import hash_of, row_of
from shared.values.stream import source_of

_CLAIM_FOLDERS = ("rows", "claims")
"""Where large rows are; former versions kept them with the journal."""

_AT_ONCE, _LOOKED_AT = 8, 500
"""Objects that are read at once, and after how many the progress is stored."""


class _Filled(msgspec.Struct):
    """What is read of a large row's change."""

    id: str
    key: Row


_filled_row = msgspec.json.Decoder(_Filled)
_line = msgspec.json.Decoder(dict[str, Any])


def _claims(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Large rows, by the ids of their changes."""
    names: set[str] = set()
    for subject in erasure.subjects:
        for row in changes(setup, subject, ["stream", "id"]):
            names.add(row_name(row["stream"], row["id"]))
    removed = 0
    for folder in _CLAIM_FOLDERS:
        objects = setup.objects[folder]
        there = [name for name in sorted(names) if objects.get(name) is not None]
        objects.delete(there)
        removed += len(there)
    return erasure.with_removed(claims=removed)


def _filled(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Large rows that a backfill sent: the table does not know them, so each is looked at."""
    objects, seen = setup.objects["rows"], erasure.rows_seen
    names = (each.name for each in objects.list() if each.name > seen)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while some := list(islice(names, _LOOKED_AT)):
            erasure_progress.require_time(setup)
            bodies = pool.map(objects.get, some)
            gone = [
                name
                for name, body in zip(some, bodies, strict=True)
                if body is not None and _is_filled(name, body, erasure.subjects)
            ]
            objects.delete(gone)
            erasure = msgspec.structs.replace(
                erasure.with_removed(claims=len(gone)), rows_seen=some[-1]
            )
            erasure_progress.store(setup, erasure)
    return erasure


def _is_filled(name: str, body: bytes, subjects: Sequence[Subject]) -> bool:
    """Whether a large row is one of the subjects', as a backfill sent it.

    Its id is `r/JOB/TABLE/ROW`, or from the archive `s/SNAPSHOT/TABLE/ROW`: a hash of the key, and
    of former versions the key itself. A table may have a slash in its name.
    """
    try:
        change = decode_json(body, _filled_row)
    except msgspec.MsgspecError:
        return False
    kind, _, rest = change.id.partition("/")
    named, key = rest.partition("/")[2], encode_json(change.key).decode()
    ends = (hash_of(key), row_of(change.key), "[", "{")
    return kind in ("r", "s") and any(
        key in each.keys
        and each.source == source_of(name)
        and named.startswith(tuple(f"{each.full_name}/{row}" for row in ends))
        for each in subjects
    )


def _parked(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Parked changes with their payloads, and the items of their rows."""
    parked, removed = setup.archive.state.parked, 0
    for name in setup.consumers:
        found = parked_of(setup, name, erasure.subjects)
        if not found:
            continue
        items = parked.rows(name, {each.row_id for each in found})
        payloads = [each.payload.partition("/parked/")[2] for each in found if each.payload]
        setup.objects["parked"].delete(payloads)
        parked.remove(name, found)
        parked.remove_rows(name, list(items.values()))
        removed += len(found)
    return erasure.with_removed(parked=removed)


def _dropped(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Lines of parked changes that were dropped."""
    objects, removed = setup.objects["dropped"], 0
    for each in list(objects.list()):
        consumer = setup.consumers.get(each.name.partition("/")[0])
        wanted = rows_of(erasure.subjects, consumer.source if consumer else "")
        lines = (objects.get(each.name) or b"").splitlines()
        kept = [line for line in lines if _place_of(line) not in wanted]
        if len(kept) == len(lines):
            continue
        removed += len(lines) - len(kept)
        if kept:
            objects.put(each.name, b"\n".join(kept) + b"\n")
        else:
            objects.delete([each.name])
    return erasure.with_removed(dropped=removed)


def _place_of(line: bytes) -> tuple[str, str]:
    held = decode_json(line, _line)["parked"]
    return held.get("table", ""), held.get("key", "")


def results(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Every result of a query: they expire anyway, and nobody knows what they show."""
    names = [each.name for each in setup.objects["results"].list()]
    setup.objects["results"].delete(names)
    return erasure.with_removed(results=len(names))


def _parts(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Parts of snapshots that were never finished."""
    store, removed = setup.snapshots.store, 0
    for _, name, part in store.parts():
        of_table = f"{part.database}.{part.table}"
        keys = {
            key
            for each in erasure.subjects
            if (each.source, each.full_name) == (part.source, of_table)
            for key in each.keys
        }
        if keys & set(part.keys):
            store.remove_part(name)
            removed += 1
    return erasure.with_removed(parts=removed)


STEPS = (_claims, _filled, _parked, _dropped, results, _parts)
"""In this order."""
