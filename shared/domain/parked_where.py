"""Parked where: which parked changes a command is about, as `--where` says it."""

import re
import shlex
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import permutations

import msgspec

from shared.values.did_you_mean import did_you_mean
from shared.values.errors import ConfigError
from shared.values.parked_change import ParkedChange
from shared.values.table_pattern import matches

FIELDS = ("table", "reason", "error", "key", "op", "id", "since", "until")
OPERATIONS = ("c", "u", "d", "r", "t")
_TERM = re.compile(r"(\w+)(=|~)(.*)", re.DOTALL)
_AGE = re.compile(r"(\d{1,9})([smhd])")
_UNIX_MS = re.compile(r"-?\d{12,16}")
_MOST_COLUMNS = 4
"""Of a key whose values may be written in any order."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class ParkedWhere(msgspec.Struct, frozen=True):
    """Terms that must all hold: (field, `=` or `~`, value). Without any, every change is meant."""

    terms: tuple[tuple[str, str, str], ...] = ()

    @staticmethod
    def parse(text: str, now: float | None = None) -> "ParkedWhere":
        """Read `field=value field~text …`; values with blanks are in quotes.

        Times are stored as Unix ms, so that they mean the same later. Raises ConfigError.
        """
        at = time.time() if now is None else now
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise _wrong(text, f"cannot be read: {error}") from None
        return ParkedWhere(tuple(_term(word, at) for word in words))

    def __str__(self) -> str:
        return " ".join(f"{field}{sign}{shlex.quote(value)}" for field, sign, value in self.terms)

    def holds(self, change: ParkedChange) -> bool:
        """Whether a change is meant."""
        return all(_holds(field, sign, value, change) for field, sign, value in self.terms)


def _term(word: str, now: float) -> tuple[str, str, str]:
    match = _TERM.fullmatch(word)
    if not match:
        raise _wrong(word, "is no condition")
    field, sign, value = match.groups()
    if field not in FIELDS:
        hint = f"{did_you_mean(field, FIELDS)}Known are {', '.join(FIELDS)}."
        raise ConfigError(f"has no field {field}.", thing="--where", hint=hint)
    if sign == "~" and not value:  # every text holds an empty one: an unset variable of a shell
        raise _wrong(word, "would mean every change")
    if value.startswith(("=", "~") if sign == "=" else "="):
        raise _wrong(word, "has two signs")
    if field == "op" and sign == "=" and value not in OPERATIONS:
        raise _wrong(word, f"is no operation: they are {', '.join(OPERATIONS)}")
    if field in ("since", "until"):
        if sign != "=":
            raise _wrong(word, "is no time")
        return field, sign, str(_unix_ms(value, now))
    return field, sign, value


def _unix_ms(value: str, now: float) -> int:
    if match := _AGE.fullmatch(value):
        return int((now - int(match[1]) * _SECONDS[match[2]]) * 1000)
    if _UNIX_MS.fullmatch(value):
        return int(value)
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise ConfigError(
            f"{value!r} is no time.",
            thing="--where",
            hint="Write an age such as 90m, 12h or 3d, or a time such as 2026-11-27T02:00.",
        ) from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _holds(field: str, sign: str, value: str, change: ParkedChange) -> bool:
    if field == "since":
        return change.parked_ms >= int(value)
    if field == "until":
        return change.parked_ms < int(value)
    texts = _TEXTS[field](change)
    if sign == "~":
        return any(value.casefold() in text.casefold() for text in texts)
    if field == "table":
        database, _, table = change.table.partition(".")
        return value == change.table or matches(value, database, table)
    return value in texts


def _keys(change: ParkedChange) -> list[str]:
    """The ways to write a key: JSON, or its values with commas, in any order of the columns.

    A person may write JSON without quotes around it: reading the conditions takes its own away.
    """
    if not change.key:
        return []
    values = [str(value) for value in msgspec.json.decode(change.key).values()]
    ways = permutations(values) if len(values) <= _MOST_COLUMNS else [values]
    return [change.key, *shlex.split(change.key), *(",".join(way) for way in ways)]


_TEXTS: dict[str, Callable[[ParkedChange], list[str]]] = {
    "table": lambda one: [one.table],
    "reason": lambda one: [one.reason, one.message],
    "error": lambda one: [one.error],
    "key": _keys,
    "op": lambda one: [one.op],
    "id": lambda one: [one.id],
}


def _wrong(thing: str, what: str) -> ConfigError:
    return ConfigError(
        f"{thing!r} {what}.",
        thing="--where",
        hint="Write conditions such as 'table=shop.listings reason~KeyError since=2h'.",
    )
