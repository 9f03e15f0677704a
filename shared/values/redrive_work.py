"""Redrive work: the parameters and the progress of a redrive."""

from typing import Literal

import msgspec


class RedriveWork(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="redrive"):
    """Applies parked changes again, or drops them.

    where: which ones, as `Where` writes it. Only those that were parked before `before_ms`.
    action: `apply` or `drop`.
    attempt: grows each time that the job is continued.
    chosen: how many changes it began with. rate: changes a second.
    archive: where the dropped changes were stored first.
    """

    where: str = ""
    before_ms: int = 0
    action: Literal["apply", "drop"] = "apply"
    attempt: int = 1
    chosen: int = 0
    rate: float = 0.0
    archive: str = ""
