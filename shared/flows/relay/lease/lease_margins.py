"""Lease margins: the times that keep two relays of one stream apart, proved to suffice.

SNS checks no fencing token. A request therefore starts only within LEASE_SECONDS of the last
renewal, and it has ended REQUEST_SECONDS later. A relay that follows a silent one waits for both.
"""

from shared.adapters import aws
from shared.adapters.topic import sns

LEASE_SECONDS = 5.0
"""After this long without a renewal the lease is not surely held: no request starts."""

REQUEST_SECONDS = 5.0
"""The longest that a request of the former holder may still be under way."""

RENEW_SECONDS = 1.0

_ATTEMPT_SECONDS = aws.CONNECT_SECONDS + aws.READ_SECONDS

if sns.ATTEMPTS * _ATTEMPT_SECONDS > REQUEST_SECONDS:
    raise RuntimeError(
        f"a publish may take {sns.ATTEMPTS * _ATTEMPT_SECONDS} s, but the next holder of the lease "
        f"waits for {REQUEST_SECONDS} s only"
    )
if RENEW_SECONDS + _ATTEMPT_SECONDS > LEASE_SECONDS + REQUEST_SECONDS:
    raise RuntimeError("one renewal without an answer would lose the lease")
