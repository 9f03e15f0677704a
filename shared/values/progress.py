"""Progress: how far a job is, for everybody who watches it."""

import msgspec


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rows done, of about `estimate` in all.

    table: the table that is worked on. note: what is waited for; both may be empty.
    """

    rows: int = 0
    estimate: int = 0
    table: str = ""
    note: str = ""
