"""HTTP sink: sends changes to a receiver, and splits what it refuses until the poison is alone."""

from collections import deque
from collections.abc import Sequence

from shared.adapters.webhook.webhook_endpoint import WebhookEndpoint, WebhookUnavailable
from shared.domain.sink import Arrival, Outcome, Slice
from shared.flows.consume.sinks.http.http_settings import HttpSettings
from shared.flows.consume.sinks.http.receiver_answers import Verdict, verdict
from shared.flows.consume.sinks.http.request import body_of, headers_of
from shared.values.errors import RowlineError
from shared.values.settings import ConsumerSettings

MAX_BYTES = 1_000_000
"""Of the changes in one request; a larger one travels alone."""

ENOUGH_ERRORS = 3
"""Answers of 5xx in a row, after which the rest waits."""


class HttpSink:
    """One consumer's receiver. Its connections are kept between calls."""

    def __init__(
        self, consumer: ConsumerSettings, settings: HttpSettings, endpoint: WebhookEndpoint
    ) -> None:
        self._consumer, self._mapped = consumer.name, bool(consumer.mapping)
        self._batch, self._endpoint = settings.batch, endpoint

    def probe(self) -> str:
        answer = self._endpoint.reach()
        if answer.status >= 500:
            raise WebhookUnavailable(
                f"answers {answer.status}.", thing=self._endpoint.url, hint="Is it up?"
            )
        return ""

    def apply(self, slice: Slice) -> list[Outcome]:
        """Send changes in order; nothing is sent behind a failed change of its group.

        A receiver may answer 500 for one change of a request, each time. So what comes again shares
        no request with other groups, and is sent one by one where the request fails.
        """
        outcomes: list[Outcome | None] = [
            Outcome("superseded", asked=False) if each.is_older else None for each in slice.arrivals
        ]
        portions = deque(self._portions(slice))
        held: set[str] = set()
        rest, errors = Outcome("failed", "waits for an earlier change of its group"), 0
        while portions:
            portion = [
                at
                for at in portions.popleft()
                if outcomes[at] is None and slice.arrivals[at].message.group not in held
            ]
            if not portion:
                continue
            if not slice.may_go_on():
                rest = Outcome("failed", "the function's time was over")
                break
            try:
                found = self._send([slice.arrivals[at] for at in portion])
            except RowlineError as error:
                rest = Outcome("failed", str(error))
                break
            first = found.outcomes[0]
            if found.is_of_all and first.kind == "refused" and len(portion) > 1:
                middle = len(portion) // 2
                portions.extendleft((portion[middle:], portion[:middle]))
                continue
            errors = errors + 1 if found.is_of_all and first.kind == "failed" else 0
            stops = found.pause or errors == ENOUGH_ERRORS
            if errors and not stops and len(portion) > 1 and _comes_again(slice, portion[0]):
                portions.extendleft([at] for at in reversed(portion))
                continue
            for at, outcome in zip(portion, found.outcomes, strict=True):
                outcomes[at] = outcome
                if outcome.kind == "failed":
                    held.add(slice.arrivals[at].message.group)
            if stops:
                rest = first
                break
        return [outcome or rest for outcome in outcomes]

    def _send(self, arrivals: Sequence[Arrival]) -> Verdict:
        """One request. Raises RowlineError."""
        body = body_of(self._consumer, arrivals, mapped=self._mapped)
        return verdict(self._endpoint.post(body, headers_of(arrivals)), arrivals)

    def _portions(self, slice: Slice) -> list[Sequence[int]]:
        """The places of the changes of each request."""
        portions: list[Sequence[int]] = []
        portion: list[int] = []
        size = 0
        for at, arrival in enumerate(slice.arrivals):
            full = len(portion) == self._batch or size + arrival.size > MAX_BYTES
            if portion and (full or _must_part(slice, portion[-1], at)):
                portions.append(portion)
                portion, size = [], 0
            portion.append(at)
            size += arrival.size
        return [*portions, portion] if portion else portions


def _comes_again(slice: Slice, at: int) -> bool:
    delivery = slice.arrivals[at].delivery
    return delivery is not None and delivery.attempt > 1


def _must_part(slice: Slice, at: int, other: int) -> bool:
    """Whether two changes of different groups must not share a request."""
    one, two = slice.arrivals[at].message.group, slice.arrivals[other].message.group
    return one != two and (_comes_again(slice, at) or _comes_again(slice, other))
