"""Progress: how far a job is, for whoever watches it."""

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """Rows done, of about `estimate` in all.

    table: the table that is worked on. note: what is waited for; both may be empty.
    """

    rows: int
    estimate: int
    table: str = ""
    note: str = ""
