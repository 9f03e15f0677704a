"""Changed values: the columns that an archived change made different."""

import msgspec

from shared.domain.archived_change import Archived


def differences(change: Archived) -> dict[str, tuple[msgspec.Raw | None, msgspec.Raw | None]]:
    """The columns that a change made different: values before and after it."""
    before, after = change.before or {}, change.after or {}
    names = [*after, *(name for name in before if name not in after)]
    return {
        name: (before.get(name), after.get(name))
        for name in names
        if _text(before.get(name)) != _text(after.get(name))
    }


def _text(value: msgspec.Raw | None) -> bytes | None:
    return None if value is None else bytes(value)
