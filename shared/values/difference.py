"""Difference: a document of a sink that is not what its row says."""

from typing import Literal

import msgspec

DifferenceKind = Literal["missing", "extra", "different", "shared", "refused"]


class Difference(msgspec.Struct, frozen=True):
    """A document that is not what its row says.

    kind: `missing`; `extra`, there is no row; `different` in `fields`; `shared`, several rows have
        this id, so one document cannot show them; `refused`, its row cannot be a document.
    reason: why it was refused.
    """

    table: str
    id: str
    kind: DifferenceKind
    fields: list[str] = []
    reason: str = ""
