"""Requests: what the archive's function does when it is asked, and how it answers."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from shared.domain.archive_ledger import Span
from shared.domain.changes_under_way import DELIVERED_MS, may_deliver
from shared.flows.archive.archive_answers import COMMIT_WAITS
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.archive_status import archive_status
from shared.flows.archive.auditing import audit
from shared.flows.archive.chosen_changes import ChosenChanges
from shared.flows.archive.committing import commit
from shared.flows.archive.healing import heal, wanted
from shared.flows.archive.maintaining import maintain
from shared.flows.archive.numbers_given_up import give_up, refuse_young
from shared.flows.archive.recording_progress import note_failure, note_progress
from shared.flows.archive.snapshot_bases import bases
from shared.flows.archive.stream_reach import reach
from shared.values.archive_pages import PartRequest
from shared.values.day import DAY_MS
from shared.values.errors import ConfigError, RowlineError, StackError
from shared.values.plain_answer import PlainAnswer, plain_answer


def do(setup: ArchiveSetup, event: PlainAnswer) -> PlainAnswer:
    """Do what `event` asks for: `{"do": NAME, …}`. Raises ConfigError for what is not known."""
    name = str(event.get("do", ""))
    work = WORK.get(name)
    if work is None:
        raise ConfigError(
            "is no work of the archive.", thing=repr(name), hint=f"It knows {', '.join(WORK)}."
        )
    return work(setup, event)


def _commit(setup: ArchiveSetup, event: PlainAnswer) -> PlainAnswer:
    try:
        done = commit(setup, wait_seconds=float(event.get("wait_s", 0)))
    except RowlineError as error:
        with suppress(RowlineError):
            note_failure(setup.state, error)
        raise
    if not done.busy:
        progress = note_progress(
            setup.lake,
            setup.state,
            setup.streams,
            setup.now_ms(),
            buffered=setup.errors is not None,
        )
        done.undelivered = sum(1 for _ in setup.errors.list()) if setup.errors else 0
        done.behind_ms = progress.behind_ms(setup.now_ms())
    return plain_answer(done)


def _maintain(setup: ArchiveSetup, _event: PlainAnswer) -> PlainAnswer:
    return plain_answer(maintain(setup))


def _status(setup: ArchiveSetup, _event: PlainAnswer) -> PlainAnswer:
    return plain_answer(archive_status(setup))


def _audit(setup: ArchiveSetup, event: PlainAnswer) -> PlainAnswer:
    since_ms, now_ms = int(event.get("since_ms", 0)), setup.now_ms()
    found = audit(setup.lake, setup.state, setup.streams, since_ms, now_ms=now_ms)
    answer: PlainAnswer = {"epochs": [plain_answer(each) for each in found]}
    if event.get("anchors"):
        answer["wanted"] = [plain_answer(each) for each in wanted(setup.lake, found)]
    return answer


def _heal(setup: ArchiveSetup, event: PlainAnswer) -> PlainAnswer:
    names = [str(name) for name in event.get("names", [])]
    return plain_answer(heal(setup.healing, setup.lake, names))


def _reach(setup: ArchiveSetup, event: PlainAnswer) -> PlainAnswer:
    streams = [str(each) for each in event["streams"]]
    return plain_answer(reach(setup, str(event["source"]), streams))


def _bases(setup: ArchiveSetup, event: PlainAnswer) -> PlainAnswer:
    found = bases(setup, str(event["source"]), [str(each) for each in event["tables"]])
    return {name: plain_answer(each) for name, each in found.items()}


def _parts(setup: ArchiveSetup, event: PlainAnswer) -> PlainAnswer:
    found = plain_answer(_chosen(setup, event).parts())
    _require_base(setup, event)
    return found


def _page(setup: ArchiveSetup, event: PlainAnswer) -> PlainAnswer:
    page = _chosen(setup, event).page()
    _require_base(setup, event)
    return {"page": page}


def _require_base(setup: ArchiveSetup, event: PlainAnswer) -> None:
    """Refuse what was read if the snapshot, or changes since, were gone by then.

    A job may wait for longer than these are kept. A manifest is removed before its rows.
    """
    base = msgspec.convert(event["request"], PartRequest).base
    if not base:
        return
    held = setup.snapshots.get(base) if setup.snapshots else None
    kept_ms = setup.now_ms() - setup.retention_days * DAY_MS
    if held is None or (setup.retention_days and held.began_ms < kept_ms):
        raise StackError(
            "is no longer kept, or the changes since are not.",
            thing=f"snapshot {base}",
            hint="Cancel the job, run rowline snapshot create, and begin the job again.",
        )


def _chosen(setup: ArchiveSetup, event: PlainAnswer) -> ChosenChanges:
    request = msgspec.convert(event["request"], PartRequest)
    return ChosenChanges(setup.lake, setup.lake.head(), request, setup.snapshot_table)


def _give_up(setup: ArchiveSetup, event: PlainAnswer) -> PlainAnswer:
    """What has landed comes first: it would be taken for a late copy."""
    done = commit(setup, wait_seconds=COMMIT_WAITS)
    if done.busy or done.left:
        raise ConfigError(
            "is not done with what has landed.",
            thing="the committer",
            hint="Run the same command again in a minute.",
        )
    spans = msgspec.convert(event["spans"], list[Span])
    now_ms = setup.now_ms()
    if may_deliver(setup.state.archive_progress.read(), now_ms):
        refuse_young(setup.lake, spans, now_ms - DELIVERED_MS)
    return {"numbers": give_up(setup.lake, spans)}


WORK: dict[str, Callable[[ArchiveSetup, PlainAnswer], PlainAnswer]] = {
    "commit": _commit,
    "maintain": _maintain,
    "status": _status,
    "audit": _audit,
    "heal": _heal,
    "reach": _reach,
    "bases": _bases,
    "parts": _parts,
    "page": _page,
    "give_up": _give_up,
}
