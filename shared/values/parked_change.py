"""Parked: a change that a consumer could not apply, set aside with its reason, and its row."""

from typing import Literal

import msgspec

RowId = tuple[str, str]
"""(message group, row in it), see `row_of`."""


class ParkedChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parked change without its payload.

    id: the change's; of a body that is no message: the message's deduplication id.
    group, row: its message group, and the row in it; the row is empty for a body that is no
        message.
    table, key: the table as `DATABASE.TABLE`, and the row's key as JSON text.
    seq, op, ts_ms: the change's; `seq` is 0 and `op` empty for a body that is no message.
    error: the class of the first error. message: its text, which may quote values.
    reason: the first error without the row's values; changes are grouped by it.
    stack: where in the code the first error came from; empty where nobody knows.
    joined: the change itself is not refused; its row was closed by another one.
    attempts: how often it was applied in vain. last: the message of the last attempt.
    version: of the function that parked it. trace: its `traceparent`.
    parked_ms, tried_ms: when it was parked, and when it was tried last, Unix ms.
    payload: the object that holds the payload; empty where the state table does.
    expires: when the payload is deleted, Unix s.
    """

    id: str
    group: str
    row: str
    table: str
    key: str
    seq: int
    op: str
    ts_ms: int
    error: str
    message: str
    reason: str
    parked_ms: int
    tried_ms: int
    last: str
    expires: int
    payload: str = ""
    stack: str = ""
    joined: bool = False
    attempts: int = 1
    version: str = ""
    trace: str = ""

    @property
    def row_id(self) -> RowId:
        return self.group, self.row


class RowItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row with parked changes.

    mode: `open`, its later changes are applied; `closed`, they join what is parked.
    newest: the highest seq of the row that the sink has taken since it has this item.
    holds: a change of it is surely parked. The item is stored first, so a kill may come between.
    token: another one each time that the item is stored, see `stored_ms`; empty in one that is not
        stored yet.
    """

    group: str
    row: str
    mode: Literal["open", "closed"] = "open"
    newest: int = 0
    token: str = ""
    holds: bool = False

    @property
    def id(self) -> RowId:
        return self.group, self.row


def token_of(now_ms: int, unique: object) -> str:
    """A token that says when it was made. now_ms: Unix ms."""
    return f"{now_ms}-{unique}"


def stored_ms(token: str) -> int:
    """When the row or flag with this token was stored; 0 for a token of an earlier version."""
    text, dash, _ = token.partition("-")
    return int(text) if dash and text.isdigit() else 0
