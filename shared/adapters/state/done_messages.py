"""Done messages: which messages of a run a consumer has applied."""

from typing import Protocol


class DoneMessages(Protocol):
    """The records of one run, forgotten with it. A message is named by its deduplication id."""

    def note(self, consumer: str, run_id: str, message_ids: list[str]) -> None:
        """Note that these messages were applied; noting one twice is as once."""
        ...

    def noted(self, consumer: str, run_id: str, message_ids: list[str]) -> set[str]:
        """Those of these messages that were applied."""
        ...
