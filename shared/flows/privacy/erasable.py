"""Erasable: whether a person's rows may be erased, and what consumers have of them."""

from collections.abc import Mapping, Sequence

from shared.flows.privacy.person_rows import changes, snapshot_rows
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.values.change import Row
from shared.values.counted import counted
from shared.values.erasure import Subject
from shared.values.parked_change import ParkedChange
from shared.values.seq import make_seq


def last_changes(setup: PrivacySetup, subject: Subject) -> dict[str, Row]:
    """The last archived change of each key."""
    last: dict[str, Row] = {}
    for row in changes(setup, subject, ["stream", "epoch", "n", "op", "group"]):
        held = last.get(row["key"])
        if held is None or (row["epoch"], row["n"]) > (held["epoch"], held["n"]):
            last[row["key"]] = row
    return last


def alive(setup: PrivacySetup, subject: Subject) -> list[str]:
    """The keys whose deletion the archive has not seen: their rows would come back."""
    last = last_changes(setup, subject)
    seen = {row["key"] for row in snapshot_rows(setup, subject)} | last.keys()
    return sorted(key for key in seen if key not in last or last[key]["op"] not in ("d", "t"))


def reached(setup: PrivacySetup, subject: Subject) -> dict[str, str]:
    """Consumer → whether it has taken the deletion of each of the subject's rows."""
    last, found = last_changes(setup, subject), dict[str, str]()
    unknown = len(set(subject.keys) - last.keys())
    for name, each in setup.consumers.items():
        if each.kind == "archive" or each.source != subject.source:
            continue
        if not each.wants(subject.database, subject.table):
            continue
        if not each.marks:
            found[name] = "it keeps no marks: look whether it has the rows"
            continue
        said = [_taken(setup, name, last)] if last else []
        if unknown:
            said.append(
                f"the archive has no change of {counted(unknown, 'row')}, perhaps since an "
                "earlier erasure: look whether it has them"
            )
        found[name] = "; ".join(said)
    return found


def _taken(setup: PrivacySetup, consumer: str, last: Mapping[str, Row]) -> str:
    groups = sorted({row["group"] for row in last.values()})
    marks = setup.archive.state.marks.read(consumer, groups).marks
    behind = sum(
        make_seq(row["epoch"], row["n"]) > (mark.seq if (mark := marks.get(row["group"])) else 0)
        for row in last.values()
    )
    if behind:
        return f"{behind} of {len(last)} deletions are still on their way to it"
    return f"it has taken the deletion of {counted(len(last), 'row')}"


def rows_of(subjects: Sequence[Subject], source: str) -> set[tuple[str, str]]:
    """Table and key of each of the subjects' rows; source: only its rows; empty: those of all."""
    return {
        (each.full_name, key)
        for each in subjects
        if source in ("", each.source)
        for key in each.keys
    }


def parked_of(
    setup: PrivacySetup, consumer: str, subjects: Sequence[Subject]
) -> list[ParkedChange]:
    """The parked changes of the subjects' rows."""
    wanted = rows_of(subjects, setup.consumers[consumer].source)
    found = setup.archive.state.parked.all(consumer)
    return [each for each in found if (each.table, each.key) in wanted]
