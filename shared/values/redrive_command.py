"""Redrive command: tells a consumer's function to apply or drop parked changes of one group."""

from typing import Literal

import msgspec

from shared.values.deduplication_id import hash_ids
from shared.values.errors import RowlineError
from shared.values.json_text import encode_json

COMMAND_ROWS, COMMAND_CHANGES = 100, 500
"""The most rows that one command names, and the most changes of them."""

RedriveAction = Literal["apply", "drop"]


class RedriveCommand(msgspec.Struct, frozen=True, tag_field="command", tag="redrive"):
    """The body of a message in the lane `redrive`.

    It travels through the rows' own message group, so that the group's lock protects the rows.

    job: the job that sent it. attempt: grows when the job is continued.
    rows: row → ids of its changes. A row may have more parked changes, which are left alone.
    seqs: the lowest and the highest seq of the changes; None: they are not known.
    more: another command of the group follows it.
    """

    job: str
    attempt: int
    action: RedriveAction
    group: str
    rows: dict[str, list[str]]
    seqs: tuple[int, int] | None = None
    more: bool = False
    v: int = 1

    @property
    def changes(self) -> int:
        """The number of changes that it names."""
        return sum(map(len, self.rows.values()))

    @property
    def deduplication_id(self) -> str:
        """Unlike that of the changes themselves, and another one for each job and attempt."""
        ids = (f"{row}/{id}" for row, each in sorted(self.rows.items()) for id in each)
        return hash_ids(ids, run=f"{self.job}/{self.action}", attempt=self.attempt)

    def attributes(self, source: str) -> dict[str, str]:
        """The attributes of its message."""
        return {"source": source, "lane": "redrive", "command": self.action}

    def encoded(self) -> str:
        return encode_json(self).decode()


_decode = msgspec.json.Decoder(RedriveCommand).decode


def moved_mark(deduplication_id: str) -> str:
    """What is noted of a command that SQS moved to the DLQ, beside those that are done."""
    return f"moved:{deduplication_id}"


def is_command(attributes: dict[str, str]) -> bool:
    """Whether a message is a command, by its attributes."""
    return attributes.get("lane") == "redrive" and "command" in attributes


def decode_command(body: str) -> RedriveCommand:
    """Read a command. Raises RowlineError."""
    try:
        return _decode(body)
    except msgspec.MsgspecError as error:
        raise RowlineError(
            f"is no command: {error}.",
            thing="queue message",
            hint="Run the command that sent it with the version that is deployed.",
        ) from None
