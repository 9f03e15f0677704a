"""Forgotten keys: takes the keys of some rows out of a page of the journal.

The page still says that a transaction touched a row of the table. A server that lacks the
transaction then makes the table due, as for any row that no key names: nothing is overlooked.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from shared.flows.relay.failover.journal import JournalPage, Touched, decode_page, encode_page
from shared.values.json_text import decode_json
from shared.values.row_key import key_text

_value: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def without_keys(body: bytes, keys: Mapping[str, Collection[str]]) -> tuple[bytes, int]:
    """The page's object without these keys, and how many it had.

    keys: by table (`DATABASE.TABLE`), each as `key_text` writes it.
    """
    page = decode_page(body)
    found = sum(_forget(page, touched, keys) for _, touched in page.transactions)
    return (encode_page(page), found) if found else (body, 0)


def _forget(page: JournalPage, touched: list[Touched], keys: Mapping[str, Collection[str]]) -> int:
    found = 0
    for row in touched:
        name, columns = page.tables[row.table]
        wanted = keys.get(name)
        if not wanted or row.key is None:
            continue
        values = [decode_json(bytes(value), _value) for value in row.key]
        if key_text(dict(zip(columns, values, strict=False))) in wanted:
            row.key = None
            found += 1
    return found
