"""VerifySchedule: the `verify` of a consumer's stanza."""

import msgspec


class VerifySchedule(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """When a consumer is compared with its source by itself; see `shared/values/schedule.py`.

    repair: differences are repaired.
    """

    schedule: str
    repair: bool = False
