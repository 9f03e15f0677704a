"""A row's key as a person writes it: `7`, `acme,7`, `tenant=acme,id=7`, or JSON."""

import base64
import re
from collections.abc import Sequence
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import Any

import msgspec

from shared.domain.key_versions import identities
from shared.values.change import Row
from shared.values.errors import ConfigError
from shared.values.json_text import encode_json
from shared.values.table import Column, Table

_WHOLE = frozenset(("tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"))
_FLOATS = frozenset(("float", "double"))
_HEX = re.compile("0[xX][0-9a-fA-F]+")
MOST_CHARACTERS = 8_192
_EXACTLY = Context(prec=65, traps=[Inexact, InvalidOperation])
"""65 digits at most. Source: MySQL reference manual, "DECIMAL Data Type Characteristics"."""


def key_texts(text: str, versions: Sequence[Table], table: str) -> list[str]:
    """The key as the archive writes it.

    There may be several texts: a table's key, or the names and types of its columns, may have
    changed. Names of one version stand for those of each version with the same key.
    Raises ConfigError.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(
            f"has {len(text):,} characters.",
            thing="the key",
            hint=f"A key has {MOST_CHARACTERS:,} at most.",
        )
    found: dict[str, None] = {}
    problem: ConfigError | None = None
    identity = identities(versions)
    for number, version in zip(reversed(identity), reversed(versions), strict=True):
        try:
            given = _given(text, version, table)
            found[_encoded(_values(given, version))] = None
        except ConfigError as error:
            problem = problem or error
            continue
        if not _is_named(text, version):
            continue
        for each, other in zip(identity, versions, strict=True):
            if each == number and other.key != version.key and given.keys() == set(version.key):
                renamed = {new: given[old] for old, new in zip(version.key, other.key, strict=True)}
                found[_encoded(_values(renamed, other))] = None
    if not found and not versions and text.lstrip().startswith("{"):
        found[_encoded(_json(text))] = None
    if not found:
        raise problem or ConfigError(
            "has no columns in the state table.",
            thing=f"table {table}",
            hint='Write the key as JSON: {"id":7}.',
        )
    return list(found)


def _encoded(key: Row) -> str:
    return encode_json(key).decode()


def _given(text: str, version: Table, table: str) -> Row:
    """The values of the key as they are written, by name."""
    columns = {each.name for each in version.columns}
    names = [name for name in version.key if name in columns]
    if not names:
        raise ConfigError(
            "has no key.", thing=f"table {table}", hint="Without one its rows cannot be told apart."
        )
    given: Row
    if text.lstrip().startswith("{"):
        given = _json(text)
    elif len(names) == 1 and not text.startswith(f"{names[0]}="):
        given = {names[0]: text}
    else:
        parts = _parts(text)
        if _is_named(text, version):
            given = dict(part.split("=", 1) for part in parts)
        else:
            given = dict(zip(names, parts, strict=False)) if len(parts) == len(names) else {}
    if given.keys() != set(names):
        example = ",".join(f"{name}=…" for name in names)
        raise ConfigError(
            f"is not the key of table {table}.",
            thing=f"key {text[:200]!r}",
            hint=f"Its key is {', '.join(names)}: write {example}, or JSON.",
        )
    return given


def _is_named(text: str, version: Table) -> bool:
    """Whether a key is written with the names of its columns."""
    if text.lstrip().startswith("{"):
        return True
    if len(version.key) == 1 and not text.startswith(f"{version.key[0]}="):
        return False
    return all("=" in part for part in _parts(text))


def _values(given: Row, version: Table) -> Row:
    columns = {each.name: each for each in version.columns}
    return {name: _value(given[name], columns[name]) for name in version.key if name in columns}


def _json(text: str) -> Row:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(
            f"is no JSON: {error}.", thing=f"key {text[:200]!r}", hint='Write {"id":7}.'
        ) from None
    if not isinstance(found, dict):
        raise ConfigError("is no JSON object.", thing="the key", hint='Write {"id":7}.')
    return found


def _parts(text: str) -> list[str]:
    """The values between commas; `\\,` is a comma in a value."""
    parts, part, escaped = [], "", False
    for character in text:
        if escaped or character not in "\\,":
            part, escaped = part + character, False
        elif character == "\\":
            escaped = True
        else:
            parts.append(part)
            part = ""
    return [*parts, part]


def _value(given: Any, column: Column) -> Any:
    """A value as its column has it in JSON (docs/types.md)."""
    if column.kind == "decimal" and isinstance(given, (str, int, float, Decimal)):
        return _decimal(str(given), column)
    if not isinstance(given, str):
        return given
    if column.kind in _WHOLE or column.kind in _FLOATS:
        try:
            return int(given) if column.kind in _WHOLE else float(given)
        except ValueError:
            raise ConfigError(
                f"is no value of column {column.name}, which is {column.kind}.",
                thing=f"key {given[:200]!r}",
                hint=f"Write a {'whole number' if column.kind in _WHOLE else 'number'}.",
            ) from None
    if column.kind == "binary" and _HEX.fullmatch(given) and len(given) == 2 + 2 * column.length:
        return base64.b64encode(bytes.fromhex(given[2:])).decode()
    return given.lower() if column.kind == "uuid" else given


def _decimal(given: str, column: Column) -> str:
    """A number with as many digits behind the point as its column has: 7 is 7.00."""
    digit = Decimal(1).scaleb(-column.scale)
    try:
        value = Decimal(given).quantize(digit, context=_EXACTLY)
        value.as_integer_ratio()  # NaN has none
    except (DecimalException, ValueError):
        raise ConfigError(
            f"is no value of column {column.name}, a DECIMAL with {column.scale} digits behind "
            "the point.",
            thing=f"key {given[:200]!r}",
            hint="Write a number like 7 or 7.5.",
        ) from None
    return f"{value if value else digit * 0:f}"
