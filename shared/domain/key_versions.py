"""Key versions: the schema versions of a table under which its rows have one identity."""

from collections.abc import Sequence

from shared.domain.history_column_names import renamed
from shared.values.table import Table


def identities(versions: Sequence[Table]) -> list[int]:
    """For each version a number: those with one number have one key, maybe with other names.

    A rename is often seen together with another ALTER, so versions are also one by a third one.
    """
    keys = dict[tuple[str, ...], list[Table]]()
    for each in versions:
        keys.setdefault(each.key, []).append(each)
    group = {key: number for number, key in enumerate(keys)}
    for former, own in keys.items():
        for later, others in keys.items():
            if group[former] != group[later] and any(
                has_same_key(one, other) for one in own for other in others
            ):
                joined, left = group[former], group[later]
                group = {key: joined if each == left else each for key, each in group.items()}
    return [group[each.key] for each in versions]


def has_same_key(own: Table, in_force: Table) -> bool:
    """Whether two versions of a table have one key, whose columns may have other names."""
    names = renamed(own, in_force)
    return tuple(names.get(each, each) for each in own.key) == in_force.key
