"""Large change: the change that is too large for a message goes to the claim store."""

import msgspec

from shared.adapters.claims.contract import Claims, row_name
from shared.values.change import Change
from shared.values.json_text import encode_json

MAX_CHANGE_BYTES = 200 * 1024
"""A change whose JSON is larger goes to the claim store."""


def encode_change(change: Change, stream: str, claims: Claims) -> bytes:
    """The JSON of a change. A large one goes to the claim store, and its JSON names the place.

    Raises StateUnavailable, StackError.
    """
    encoded = encode_json(change)
    if len(encoded) <= MAX_CHANGE_BYTES:
        return encoded
    address = claims.put(row_name(stream, change.id), encoded)
    return encode_json(msgspec.structs.replace(change, before=None, after=None, claim=address))
