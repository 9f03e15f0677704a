"""Stopping a table: when a table that cannot be captured stops alone, and what is stored of it."""

import msgspec

from shared.adapters.binlog.contract import CannotCapture
from shared.domain.shards_changed import last_placed
from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.stopped import Stopped


def must_stop(
    error: CannotCapture, captured: CaptureConfiguration, wanted: CaptureConfiguration
) -> bool:
    """Whether the table stops; False: its wanted settings differ, and may capture the event.

    Raises the error where it is about no table that is captured.
    """
    table = error.table
    if table not in captured.read:
        raise error
    return table not in wanted.read or wanted.tables[table] == captured.tables[table]


def without_table(before: Checkpoint, error: CannotCapture, now_ms: int) -> Checkpoint:
    """The checkpoint with the table stopped from there on, and the reason. now_ms: Unix ms."""
    former = before.stopped.get(error.table)
    stopped = Stopped(
        error.what.rstrip("."),
        error.hint,
        now_ms,
        tries=former.tries + 1 if former else 1,
        placed=last_placed(before, error.table),
    )
    catch_up = before.catch_up and msgspec.structs.replace(
        before.catch_up, capture=_without(before.catch_up.capture, error.table)
    )
    return msgspec.structs.replace(
        before,
        capture=_without(before.capture, error.table),
        catch_up=catch_up,
        stopped={**before.stopped, error.table: stopped},
    )


def _without(capture: str, table: str) -> str:
    configuration = read_configuration(capture)
    return configuration.stopping({*configuration.stopped, table}).text()
