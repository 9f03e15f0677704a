"""Request: the body and the headers that carry changes to a receiver."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from shared.domain.sink import Arrival
from shared.values.deduplication_id import hash_ids
from shared.values.json_text import encode_json

VERSION = 1
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")
_LONGEST_KEY = 255


def body_of(consumer: str, arrivals: Sequence[Arrival], *, mapped: bool = False) -> bytes:
    """The JSON that a receiver reads (docs/http.md).

    mapped: rows do not leave, but the documents that the consumer's mapping made of them.
    """
    changes = [_change(each, mapped) for each in arrivals]
    return encode_json({"v": VERSION, "consumer": consumer, "changes": changes})


def headers_of(arrivals: Sequence[Arrival]) -> dict[str, str]:
    """The change's id as Idempotency-Key; for several changes a hash of their ids."""
    ids = [each.change.id for each in arrivals]
    key = quote(ids[0], safe=_PRINTABLE) if len(ids) == 1 else hash_ids(ids)
    return {"Idempotency-Key": key if len(key) <= _LONGEST_KEY else hash_ids(ids)}


def _change(arrival: Arrival, mapped: bool) -> dict[str, Any]:
    change, message = arrival.change, arrival.message
    rows = {"before": change.before, "after": change.after}
    return {
        "id": change.id,
        "source": message.source,
        "table": message.full_name,
        "schema_version": message.schema_version,
        "lane": arrival.lane,
        "op": change.op,
        "seq": change.seq,
        "seq_text": f"{change.seq:019d}",
        "ts_ms": change.ts_ms,
        "key": change.key,
        **({"document": arrival.fields} if mapped else rows),
        "tx": {"id": change.tx.id, "index": change.tx.index, "last": change.tx.last},
        **({"unproven": True} if arrival.unproven else {}),
    }
