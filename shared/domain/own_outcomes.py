"""Own outcomes: what own code says of changes, made safe: it may return and raise anything."""

import traceback
from math import isfinite
from typing import Any, get_args, get_type_hints

from shared.domain.handling import Retry
from shared.domain.sink import Outcome
from shared.values.storable_text import storable, text_of

STACK_LIMIT = 4000
"""Characters of a stack trace that are kept, from its end."""

TEXT_LIMIT = 500
"""Characters of an exception's text, and of a frame, in a stack trace."""

LONGEST_WAIT = 3600.0
"""Seconds: nobody waits for longer, whatever own code asks for."""

KINDS: tuple[str, ...] = get_args(get_type_hints(Outcome)["kind"])

UNKNOWN = f"returned an outcome of another kind than {', '.join(KINDS)}"


def stack_of(error: BaseException) -> str:
    """Where an exception was raised. Its text must not displace that."""
    lines = traceback.format_exception(error)
    short = [each if len(each) <= TEXT_LIMIT else f"{each[:TEXT_LIMIT]} …\n" for each in lines]
    return storable("".join(short)[-STACK_LIMIT:])


def outcome_of_error(error: BaseException) -> Outcome:
    """What an exception of own code says of its change: `Retry` is for the moment."""
    if isinstance(error, Retry):
        said = text_of(error).partition(" ")[2]
        return Outcome("failed", f"Retry: {said}", retry_after=_seconds(error.after))
    return Outcome("refused", f"HandlerError: {text_of(error)}", stack_of(error))


def checked(own: Any, function: str) -> Outcome:
    """An outcome as own code made it; one that nobody could act on has failed.

    Taken as it is, a change with a misspelt outcome would be deleted as if it were settled.
    function: that made it.
    """
    if not isinstance(own, Outcome) or own.kind not in KINDS:
        return Outcome("failed", f"{function} {UNKNOWN}")
    return Outcome(
        own.kind,
        storable(str(own.reason or "")),
        storable(str(own.stack or "")),
        _seconds(own.retry_after),
        bool(own.asked),
        bool(own.pressed),
    )


def _seconds(asked: Any) -> float:
    """The seconds to wait; 0, the usual back-off, for what is no number."""
    try:
        seconds = float(asked)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(LONGEST_WAIT, seconds) if isfinite(seconds) or seconds > 0 else 0.0
