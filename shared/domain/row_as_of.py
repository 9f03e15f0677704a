"""Row as of: what a row was at a time, from its archived changes."""

from collections.abc import Sequence

import msgspec

from shared.domain.archived_change import Archived
from shared.domain.key_versions import identities
from shared.domain.row_answer import RowAt
from shared.domain.row_in_snapshot import SnapshotRow
from shared.domain.row_under_columns_in_force import beside_a_rival, under_columns_in_force
from shared.values.table import Table


def state_at(
    changes: Sequence[Archived],
    at_us: int,
    *,
    captured_since_us: int | None = 0,
    in_force: Table | None = None,
    in_force_version: int = 0,
    versions: Sequence[Table] = (),
    seen: Sequence[int] = (),
    coming: Sequence[int] = (),
    rival: Table | None = None,
    read: SnapshotRow | None = None,
) -> RowAt:
    """The row at a time, from all of its changes in order.

    captured_since_us: from when to `at_us` no change of the table is missing; None: at `at_us` the
    table was not captured.
    in_force: the table's columns at that time, None where they are not known to differ.
    versions: all its column sets, by version from 1 on. seen: those since the row's last change.
    coming: those until its next one.
    rival: the columns under which its next change is, where they are others: an ALTER came between,
    before this time or after it. None where none did.
    read: the row as a snapshot read it, the same at the time; it counts where changes do not tell.
    """
    place = max((i for i, each in enumerate(changes) if each.at_us <= at_us), default=-1)
    last = changes[place] if place >= 0 else None
    following = changes[place + 1 :]
    if _has_another_key(changes, place, in_force_version, versions):
        return RowAt(
            "unknown",
            "the primary key of its table was another one then",
            last.after if last else None,
            last,
            last.schema_version if last else 0,
            certain=False,
        )
    if last is None:
        found = _before(following, captured_since_us is not None and captured_since_us <= at_us)
    elif captured_since_us is None or last.at_us < captured_since_us:
        found = _across_a_gap(last, following, captured_since_us is not None)
    else:
        found = _after(last, following)
    by_read = found.is_open and read is not None
    if read is not None and by_read:
        why = f"the snapshot {read.snapshot} has it, and no change of it is archived in between"
        found = RowAt("exists", why, read.row, last, read.schema_version)
    if found.row is None or in_force is None:
        return found
    until, after = (
        [versions[each - 1] for each in some if 0 < each <= len(versions)]
        for some in (seen, coming)
    )
    shown_later = found.next is not None or (by_read and read is not None and read.read_us > at_us)
    own = by_read or (last is not None and found.row is last.after)
    between = after if shown_later else until if own else []
    later = next((each for each in following if each.op != "t"), None)
    found = under_columns_in_force(
        found, later, in_force, in_force_version, versions, between, after
    )
    return found if rival is None else beside_a_rival(found, in_force, rival)


def _has_another_key(
    changes: Sequence[Archived], place: int, in_force: int, versions: Sequence[Table]
) -> bool:
    """Whether the row had another identity at the time than in its archived changes around it.

    Its changes of that time are then under a key that nothing leads to.
    """
    nearest = [*reversed(changes[: place + 1]), *changes[place + 1 :]]
    own = next((each.schema_version for each in nearest if each.op != "t"), 0)
    if not 0 < own <= len(versions) or not 0 < in_force <= len(versions):
        return False
    identity = identities(versions)
    return identity[own - 1] != identity[in_force - 1]


def _before(following: Sequence[Archived], captured: bool) -> RowAt:
    """The row before its first archived change."""
    first = following[0] if following else None
    if first is None or all(each.op == "t" for each in following):
        return RowAt(
            "unknown",
            "the archive has no change of this row: it never existed, or it never changed",
            certain=False,
        )
    own = next(each for each in following if each.op != "t")
    if own.op == "c":
        why = "its first archived change created it"
        if not captured:
            why += "; what was before the archive is not known"
        elif first.op == "t":
            why += "; a row from before the archive may have ended with a truncate"
        return RowAt("absent", why, certain=captured and first.op != "t")
    if not captured:
        return RowAt("unknown", "its table was not archived at that time", certain=False)
    if first.before is not None:
        return RowAt(
            "exists",
            "its first archived change shows the row before it",
            first.before,
            schema_version=first.schema_version,
            next=first,
        )
    return RowAt(
        "unknown", "its first archived change does not show the row before it", certain=False
    )


def _across_a_gap(last: Archived, following: Sequence[Archived], captured: bool) -> RowAt:
    """The row, where changes of its table may be missing since its last archived change."""
    if captured and following and following[0].op != "t":
        found = _before(following, captured)
        return msgspec.structs.replace(found, change=last)
    return RowAt(
        "unknown",
        "changes of its table may be missing since its last archived change, which is shown",
        last.after,
        last,
        last.schema_version,
        certain=False,
    )


def _after(last: Archived, following: Sequence[Archived]) -> RowAt:
    """The row after its last change before the time."""
    if last.op == "d":
        return RowAt("absent", "it was deleted", change=last)
    if last.whole_truncate:
        return RowAt("absent", "its table was truncated", change=last)
    if last.op != "t":
        return RowAt("exists", "its last change before", last.after, last, last.schema_version)
    later = next((each for each in following if each.op != "t"), None)
    if later is None:
        return RowAt(
            "unknown",
            "partitions of its table were truncated, and maybe the row's",
            change=last,
            certain=False,
        )
    if later.before is not None:
        why = "partitions of its table were truncated; its next change shows that it was left"
        version = later.schema_version
        return RowAt("exists", why, later.before, last, version, next=later)
    return RowAt("absent", "its partition was truncated", change=last)
