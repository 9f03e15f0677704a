"""Erasure progress: how far an erasure is, and whether its run has time for more."""

import msgspec

from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.values.erasure import Erasure

RESERVE = 90.0
"""Seconds that must be left for one more step or file."""


class TimeIsOver(Exception):
    """The next run continues."""


def store(setup: PrivacySetup, erasure: Erasure) -> None:
    """Note how far an erasure is."""
    setup.requests.put(f"{erasure.id}.json", msgspec.json.encode(erasure))


def require_time(setup: PrivacySetup) -> None:
    """Raises TimeIsOver when too little is left."""
    if setup.archive.left() < RESERVE:
        raise TimeIsOver
