"""Declared stage: what a check asks of a stage as its stanzas declare it."""

from typing import Protocol

from shared.adapters.binlog.contract import Binlog
from shared.adapters.database.contract import Database
from shared.domain.sink import Examiner
from shared.values.errors import Outage, RowlineError
from shared.values.finding import Finding
from shared.values.settings import SourceSettings, StageSettings


class DeclaredStage(Protocol):
    """The stage as the stanzas declare it; `shared.stage.Stage` is one."""

    @property
    def settings(self) -> StageSettings: ...

    def database(self, source: str | None = None) -> Database: ...

    def binlog(self, source: str) -> Binlog: ...

    def mask_key(self, source: SourceSettings) -> bytes: ...

    def examiner(self, consumer: str) -> Examiner | None: ...


def not_asked(thing: str, error: RowlineError) -> Finding:
    """A thing that could not be compared: an outage may pass by itself, an error does not."""
    return Finding(
        thing,
        "warn" if isinstance(error, Outage) else "fail",
        f"was not compared: {error.thing}: {error.what.rstrip('.')}",
        error.hint,
    )
