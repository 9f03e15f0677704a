"""What a statement does."""

from typing import NamedTuple


class Effect(NamedTuple):
    """What a statement does to one table: `gone` all rows, or those of `partitions`, without row
    events; `changed` its definition; `rewritten` values without row events; `rows` DML that is
    logged as a statement. A `database` of "" is the default one.
    """

    kind: str
    database: str
    table: str
    partitions: tuple[str, ...] = ()


class Statement(NamedTuple):
    """`verb` what it begins with; `control` what it does to the transaction ("" nothing); its
    effects on tables.
    """

    verb: str
    control: str = ""
    effects: tuple[Effect, ...] = ()
