"""What a receiver's answer says of the changes in a request."""

import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from shared.adapters.webhook.webhook_endpoint import WebhookAnswer
from shared.domain.sink import Arrival, Outcome
from shared.values.json_text import decode_json

SNIPPET = 300
"""Characters of an answer that a reason quotes."""

_NOT_NOW = frozenset((408, 425, 429))
_LOGIN = frozenset((401, 403, 407))


class OwnOutcome(msgspec.Struct, frozen=True):
    """What a receiver says of one change."""

    id: str
    outcome: Literal["applied", "superseded", "refused", "failed"]
    reason: str = ""
    retry_after: float = 0.0


class OwnOutcomes(msgspec.Struct, frozen=True):
    """The body of an answer that gives an outcome for each change."""

    outcomes: list[OwnOutcome] = []


_decoder = msgspec.json.Decoder(OwnOutcomes)


class Verdict(msgspec.Struct, frozen=True):
    """outcomes: one a change. is_of_all: the answer did not tell them apart.

    pause: the receiver takes nothing more for now.
    """

    outcomes: list[Outcome]
    is_of_all: bool = True
    pause: bool = False


def verdict(
    answer: WebhookAnswer, arrivals: Sequence[Arrival], now: Callable[[], float] = time.time
) -> Verdict:
    """Judge a request by its answer.

    A refusal that does not tell several changes apart is said of all; the sink then splits them.
    """
    status, count = answer.status, len(arrivals)
    if 200 <= status < 300:
        return Verdict(_told_apart(answer.body, arrivals), is_of_all=False)
    if 300 <= status < 400:
        moved = f"answers {status}: redirects are not followed; write the new address into url"
        return Verdict([Outcome("failed", moved)] * count, pause=True)
    if status in _LOGIN:
        denied = f"answers {status}: signature or login is refused"
        return Verdict([Outcome("failed", denied)] * count, pause=True)
    wait = seconds_of(answer.retry_after, now())
    if status >= 500 or status in _NOT_NOW:
        failed = Outcome("failed", f"answers {status}", retry_after=wait)
        return Verdict([failed] * count, pause=status in (429, 503) or wait > 0)
    text = answer.body.decode(errors="replace")[:SNIPPET]
    return Verdict([Outcome("refused", f"HTTP {status}: {text}")] * count)


def _told_apart(body: bytes, arrivals: Sequence[Arrival]) -> list[Outcome]:
    """Applied, unless the body says something else of a change."""
    if not body.lstrip().startswith(b"{"):
        return [Outcome("applied")] * len(arrivals)
    try:
        listed = decode_json(body, _decoder).outcomes
    except msgspec.MsgspecError:
        unread = Outcome("failed", "answers with outcomes that cannot be read (docs/http.md)")
        return [unread] * len(arrivals)
    ids = [each.change.id for each in arrivals]
    if [each.id for each in listed] == ids:
        return [_outcome(each) for each in listed]
    said = {each.id: each for each in listed}
    return [_outcome(said.get(id)) for id in ids]


def _outcome(said: OwnOutcome | None) -> Outcome:
    if said is None:
        return Outcome("applied")
    if said.outcome == "refused":
        return Outcome("refused", f"receiver: {said.reason[:SNIPPET]}")
    if said.outcome == "failed":
        # without its words: a failure's reason is logged, and these may quote values
        return Outcome("failed", "the receiver could not apply it", retry_after=said.retry_after)
    return Outcome(said.outcome)


def seconds_of(retry_after: str, now: float) -> float:
    """The seconds of the header, or those until its date; 0 for any other text.

    Source: RFC 9110, "Retry-After".
    """
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return 0.0
