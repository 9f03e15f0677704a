"""Masks: the key for `hash` exists and is long enough; old documents follow a changed mask."""

from collections.abc import Callable, Mapping

from shared.domain.masking_changed import hidden_differently
from shared.values.finding import Finding
from shared.values.mask_key import LEAST_LENGTH
from shared.values.settings import SourceSettings, TableSettings

MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_hex(32))'"


def check_mask_key(source: SourceSettings, key: bytes) -> list[Finding]:
    """Check that the source's secret holds a key for the hashed columns."""
    hashed = [name for name, table in source.tables.items() if "hash" in table.mask.values()]
    if not hashed:
        return []
    thing, length = f"mask_key {source.name}", len(key.decode(errors="replace"))
    if length >= LEAST_LENGTH:
        return [Finding(thing, "ok", f"has {length} characters")]
    what = f"has {length} characters; {LEAST_LENGTH} are needed" if key else "is missing"
    return [
        Finding(
            thing,
            "fail",
            f"{what}: {hashed[0]} masks columns by hash",
            f"Put a long random text as mask_key into secret {source.secret}: {MAKE_ONE}.",
            stanza=f"sources.{source.name}.tables.{hashed[0]}.mask",
            table="" if key else hashed[0],
        )
    ]


def check_hidden_columns(
    source: SourceSettings,
    deployed: Mapping[str, TableSettings],
    *,
    rehashed: bool = False,
    fix: Callable[[str], str] = lambda _: "",
) -> list[Finding]:
    """Find tables whose documents do not match the present `drop` and `mask`.

    deployed: how the stream has captured its tables so far.
    rehashed: whether mask_key has changed.
    fix: the advice for one table, by its name.
    """
    found = []
    for name, table in source.tables.items():
        if (before := deployed.get(name)) is None:
            continue
        if columns := hidden_differently(before, table, rehashed=rehashed):
            found.append(
                Finding(
                    f"table {name}",
                    "warn",
                    f"now hides columns differently ({', '.join(columns)}); existing documents "
                    "keep their old values",
                    fix(name),
                    table=name,
                )
            )
    return found
