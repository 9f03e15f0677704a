"""Observation by CloudWatch, SNS and SQS."""

import datetime
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from shared.adapters.aws_errors import FAILURES, RIGHTS_OF_COMMANDS, failure
from shared.adapters.observation.contract import WINDOW_MINUTES, ConsumerSigns, KeptQueue
from shared.values.errors import RowlineError

QUERIES = 500
"""Queries of one request. Source: CloudWatch API reference, GetMetricData."""

_SUMS = ("runs", "errors", "applied", "superseded")


class ResourceNames(Protocol):
    """The names of a stage's resources; `shared.adapters.stack.Stack` has them."""

    @property
    def topic_arn(self) -> str: ...

    def queue_url(self, consumer: str) -> str: ...

    def dlq_url(self, consumer: str) -> str: ...

    def undelivered_url(self, consumer: str) -> str: ...

    def consume_function(self, consumer: str) -> str: ...


class AwsObservation:
    """Observes the stage SERVICE-STAGE. client: gives a client of an AWS service."""

    def __init__(self, stage: str, names: ResourceNames, client: Callable[[str], Any]) -> None:
        self._stage, self._names, self._client = stage, names, client

    def signs(self, consumers: list[str]) -> dict[str, ConsumerSigns]:
        try:
            figures, filters = self._figures(consumers), self._filters()
        except FAILURES as error:
            raise self._failed("CloudWatch or SNS", error) from None
        found = {}
        for number, name in enumerate(consumers):
            queue = _name_of(self._names.queue_url(name))
            lag = figures.get(f"lag{number}")
            found[name] = ConsumerSigns(
                lag_s=None if lag is None else lag / 1000,
                oldest_s=_oldest(
                    figures.get(f"oldest{number}"), figures.get(f"failed{number}", 0) / 1000
                ),
                runs=int(figures.get(f"runs{number}", 0)),
                errors=int(figures.get(f"errors{number}", 0)),
                applied=int(figures.get(f"applied{number}", 0)),
                superseded=int(figures.get(f"superseded{number}", 0)),
                filter=filters.get(queue),
            )
        return found

    def runs(self, consumers: list[str], minutes: int) -> dict[str, tuple[int, int]]:
        queries = []
        for number, name in enumerate(consumers):
            function = {"FunctionName": self._names.consume_function(name)}
            queries += [
                _query(f"runs{number}", "AWS/Lambda", "Invocations", function, "Sum"),
                _query(f"errors{number}", "AWS/Lambda", "Errors", function, "Sum"),
            ]
        try:
            figures = self._read(queries, minutes)
        except FAILURES as error:
            raise self._failed("CloudWatch", error) from None
        return {
            name: (int(figures.get(f"runs{number}", 0)), int(figures.get(f"errors{number}", 0)))
            for number, name in enumerate(consumers)
        }

    def filters(self, consumers: list[str]) -> dict[str, dict[str, Any] | None]:
        try:
            found = self._filters()
        except FAILURES as error:
            raise self._failed("SNS", error) from None
        return {name: found.get(_name_of(self._names.queue_url(name))) for name in consumers}

    def kept(self, consumers: list[str]) -> list[KeptQueue]:
        used = set()
        for name in consumers:
            used |= {self._names.dlq_url(name), self._names.undelivered_url(name)}
            used.add(self._names.queue_url(name))
        found = []
        try:
            listing = self._client("sqs").get_paginator("list_queues")
            pages = listing.paginate(QueueNamePrefix=f"{self._stage}-")
            for url in (url for page in pages for url in page.get("QueueUrls", [])):
                if url in used or not (messages := self._messages(url)):
                    continue
                tags = self._client("sqs").list_queue_tags(QueueUrl=url).get("Tags", {})
                if consumer := tags.get("rowline:consumer"):
                    found.append(KeptQueue(consumer, _name_of(url), messages))
        except FAILURES as error:
            raise self._failed("SQS", error) from None
        return found

    def _failed(self, system: str, error: Exception) -> RowlineError:
        return failure(system, error, thing=f"stage {self._stage}", hint=RIGHTS_OF_COMMANDS)

    def _figures(self, consumers: list[str]) -> dict[str, float]:
        """The latest or the sum of each metric in the window; absent where there is none."""
        queries: list[dict[str, Any]] = []
        for number, name in enumerate(consumers):
            function = {"FunctionName": self._names.consume_function(name)}
            own = {"service": self._stage, "consumer": name}
            queue = {"QueueName": _name_of(self._names.queue_url(name))}
            queries += [
                _query(f"lag{number}", "Rowline", "LagMs", own, "Maximum"),
                _query(
                    f"oldest{number}", "AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum"
                ),
                _query(f"failed{number}", "Rowline", "OldestFailedMs", own, "Maximum"),
                _query(f"applied{number}", "Rowline", "ChangesApplied", own, "Sum"),
                _query(f"superseded{number}", "Rowline", "ChangesSuperseded", own, "Sum"),
                _query(f"runs{number}", "AWS/Lambda", "Invocations", function, "Sum"),
                _query(f"errors{number}", "AWS/Lambda", "Errors", function, "Sum"),
            ]
        return self._read(queries, WINDOW_MINUTES)

    def _read(self, queries: list[dict[str, Any]], minutes: int) -> dict[str, float]:
        """The latest or the sum of each query in the last minutes; absent where there is none."""
        now = datetime.datetime.now(datetime.UTC)
        start = now - datetime.timedelta(minutes=minutes)
        reading = self._client("cloudwatch").get_paginator("get_metric_data")
        pages = (
            page
            for at in range(0, len(queries), QUERIES)
            for page in reading.paginate(
                MetricDataQueries=queries[at : at + QUERIES],
                StartTime=start,
                EndTime=now,
                ScanBy="TimestampDescending",
            )
        )
        return {
            one["Id"]: sum(one["Values"]) if one["Id"].startswith(_SUMS) else _latest(one)
            for page in pages
            for one in page["MetricDataResults"]
            if one["Values"]
        }

    def _messages(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    def _filters(self) -> dict[str, dict[str, Any]]:
        """Queue name → the filter policy of its subscription."""
        listing = self._client("sns").get_paginator("list_subscriptions_by_topic")
        pages = listing.paginate(TopicArn=self._names.topic_arn)
        found = {}
        for one in (one for page in pages for one in page["Subscriptions"]):
            if not one["SubscriptionArn"].startswith("arn:"):
                continue  # not confirmed, or deleted
            attributes = self._client("sns").get_subscription_attributes(
                SubscriptionArn=one["SubscriptionArn"]
            )
            text = attributes["Attributes"].get("FilterPolicy", "{}")
            found[one["Endpoint"].rpartition(":")[2]] = msgspec.json.decode(text)
        return found


def _latest(figures: dict[str, Any]) -> float:
    """The value of the latest minute. Not every emulator heeds `ScanBy`."""
    return float(max(zip(figures["Timestamps"], figures["Values"], strict=True))[1])


def _oldest(queued_s: float | None, failed_s: float) -> float | None:
    return failed_s or None if queued_s is None else max(queued_s, failed_s)


def _query(
    id: str, namespace: str, metric: str, dimensions: dict[str, str], statistic: str
) -> dict[str, Any]:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {
        "Id": id,
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": named},
            "Period": 60,
            "Stat": statistic,
        },
    }


def _name_of(url: str) -> str:
    return url.rpartition("/")[2]
