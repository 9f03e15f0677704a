"""Stage: puts a deployed stage together for every entry point (long: the one place for it).

A stage is its settings, the names of its AWS resources, and the adapters made of both. A function
finds settings and names in its package and environment, a command in the deployed stack; from
there on both use the same adapters with the same time-outs.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from shared.adapters import aws
from shared.adapters.claims.s3 import S3Claims
from shared.adapters.database.contract import Database
from shared.adapters.queue.sqs import SqsQueue
from shared.adapters.secrets import secret_json
from shared.adapters.stack import NotDeployed, Stack
from shared.adapters.stack.environment import EnvironmentResources, variable
from shared.adapters.stack.resources import Resources
from shared.adapters.state.dynamodb import open_state
from shared.adapters.state.state import State
from shared.adapters.topic.sns import SnsTopic, open_topic
from shared.adapters.tracing.contract import NoTracer, Tracer
from shared.domain.deletion_limit import DeletionRefused
from shared.domain.reader_takeover import Takeover
from shared.domain.sink import Examiner, Sink, SinkAccess, Surroundings
from shared.domain.subscription_filter import filter_policy, filter_text
from shared.domain.trace_sampling import TraceSampler
from shared.values import endpoint
from shared.values.endpoint import SourceEndpoint
from shared.values.errors import ConfigError
from shared.values.settings import (
    ConsumerSettings,
    Settings,
    SourceSettings,
    TableSettings,
    decode,
    load,
    table_settings,
)
from shared.values.stream import source_of

if TYPE_CHECKING:
    from shared.adapters.archive_table.glue import GlueArchiveTable
    from shared.adapters.athena.athena import AwsAthena
    from shared.adapters.binlog.contract import Binlog
    from shared.adapters.functions.awslambda import LambdaFunctions
    from shared.adapters.lake.iceberg import IcebergLake
    from shared.adapters.landing.s3 import S3Landing
    from shared.adapters.observation.aws import AwsObservation
    from shared.adapters.tracing.contract import Traces
    from shared.flows.archive.setup import ArchiveSetup
    from shared.flows.consume.runtime import Consume
    from shared.flows.history.setup import HistorySetup
    from shared.flows.jobs.setup import JobSetup
    from shared.flows.jobs.tenure import Tenure
    from shared.flows.redrive.setup import RedriveSetup
    from shared.flows.relay.setup import Manner, RelaySetup
    from shared.flows.watch.setup import Emit, WatchSetup
    from shared.values.job import Job
    from shared.values.progress import Progress

T = TypeVar("T")


class Stage:
    """One deployed stage.

    service: the service's name in serverless.yml. name: the stage's.
    addresses: where to find servers instead of where the secrets say: `source`, or the kind of a
    sink, to a URL. Only commands give them. origins: where each of these came from, for people.
    """

    def __init__(
        self,
        service: str,
        name: str,
        settings: Settings,
        resources: Resources,
        addresses: Mapping[str, str] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        self.service, self.name = service, name
        self.settings, self.resources = settings, resources
        self._addresses, self._origins = addresses or {}, origins or {}
        self._clients: dict[str, Any] = {}

    @classmethod
    def from_environment(cls) -> "Stage":
        """The stage of this function or container. Raises ConfigError naming what is not set.

        The settings are those that the plugin packed; a container, whose image is the same for
        all, finds those of its source in ROWLINE_SETTINGS.
        """
        if text := os.environ.get("ROWLINE_SETTINGS"):
            settings = decode(text.encode(), "ROWLINE_SETTINGS")
        else:
            settings = load(Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / "rowline.json")
        service, name = variable("ROWLINE_SERVICE"), variable("ROWLINE_STAGE")
        return cls(service, name, settings, EnvironmentResources())

    @classmethod
    def of_package(cls) -> "Stage":
        """The whole stage of this function: settings of its package, names of the stack.

        Raises ConfigError, StackError, StateUnavailable.
        """
        settings = cls.from_environment().settings
        return cls(settings.service, settings.stage, settings, Stack.around(settings))

    @classmethod
    def from_stack(
        cls,
        service: str,
        name: str,
        addresses: Mapping[str, str] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> "Stage":
        """The stage as it is deployed, whatever lies in the folder. Raises StackError, Outage."""
        stack = Stack.open(service, name)
        return cls(service, name, stack.settings, stack, addresses, origins)

    @classmethod
    def from_folder(
        cls,
        settings: Settings,
        deployed: Resources | None,
        addresses: Mapping[str, str] | None = None,
    ) -> "Stage":
        """The stage as a folder declares it. deployed: its resources, None where it has none."""
        resources = deployed or NotDeployed(settings)
        return cls(settings.service, settings.stage, settings, resources, addresses)

    @property
    def full_name(self) -> str:
        """SERVICE-STAGE: the stack's name, and the dimension that separates stages in metrics."""
        return f"{self.service}-{self.name}"

    def client(self, service: str) -> Any:
        """A client of an AWS service, made once."""
        if service not in self._clients:
            self._clients[service] = aws.client(service)
        return self._clients[service]

    def source(self, name: str | None = None) -> SourceSettings:
        """The source of this name, or the only one. Raises ConfigError."""
        return _named(self.settings.sources, name, "source")

    def consumer(self, name: str | None = None) -> ConsumerSettings:
        """The consumer of this name, or the only one. Raises ConfigError."""
        return _named(self.settings.consumers, name, "consumer")

    def only_source(self) -> str | None:
        """The stage's source when it has one; several relays of one source count as one."""
        own = [name for name, source in self.settings.sources.items() if not source.relay_of]
        return own[0] if len(own) == 1 else None

    @cached_property
    def state(self) -> State:
        return open_state(self.client("dynamodb"), self.resources.state_table)

    @cached_property
    def claims(self) -> S3Claims:
        return S3Claims(self.client("s3"), self.resources.claims_bucket)

    @cached_property
    def topic(self) -> SnsTopic:
        return open_topic(self.resources.topic_arn)

    def consume_function(self, consumer: str) -> str:
        """The name of a consumer's function."""
        return self.resources.consume_function(consumer)

    def queue(self, consumer: str) -> SqsQueue:
        return SqsQueue(self.client("sqs"), self.resources.queue_url(consumer))

    def dlq(self, consumer: str) -> SqsQueue:
        return SqsQueue(self.client("sqs"), self.resources.dlq_url(consumer))

    def undelivered(self, consumer: str) -> SqsQueue:
        """The DLQ of the consumer's subscription: messages that SNS could not deliver."""
        return SqsQueue(self.client("sqs"), self.resources.undelivered_url(consumer))

    @cached_property
    def functions(self) -> "LambdaFunctions":
        from shared.adapters.functions.awslambda import LambdaFunctions

        return LambdaFunctions(self.client("lambda"))

    @cached_property
    def observation(self) -> "AwsObservation":
        """What CloudWatch, SNS and SQS say of the stage, for commands."""
        from shared.adapters.observation.aws import AwsObservation

        return AwsObservation(self.full_name, self.resources, self.client)

    @cached_property
    def tracer(self) -> Tracer:
        """Where the segments of traced messages go."""
        if not self.settings.traced_share:
            return NoTracer()
        from shared.adapters.tracing.xray import XRayTracer

        return XRayTracer(lambda: aws.client("xray", attempts=1))

    @cached_property
    def traces(self) -> "Traces":
        """The traces of the stage: of the local collector where its file is given, else X-Ray's."""
        from shared.adapters.tracing.collected import CollectedTraces
        from shared.adapters.tracing.xray import XRayTraces

        if file := self._addresses.get("traces"):
            return CollectedTraces(Path(file))
        return XRayTraces(self.client)

    def endpoint(self, source: str | None = None) -> SourceEndpoint:
        """Where a source is: the given address, else its secret's.

        An address is used where the stage has one source. The secret is read again each time: it
        may have been rotated.
        """
        if (url := self._addresses.get("source")) and self.only_source():
            return endpoint.parse(url)
        secret = self.source(source).secret
        return endpoint.from_secret(secret, secret_json(secret, fresh=True))

    def database(self, source: str | None = None) -> Database:
        """A connection to a source for SELECTs."""
        from shared.adapters.database.sql import SqlDatabase  # needed by few functions

        return SqlDatabase(self.endpoint(source))

    def binlog(self, source: str) -> "Binlog":
        """A reader of a source's binlog that is no relay."""
        from shared.adapters.binlog import open_binlog

        server_id = 1 << 31 | secrets.randbits(30)  # meets neither replicas nor relays
        return open_binlog(self.endpoint(source), ["*.*"], server_id)

    def binlog_of(self, source: str, tables: Mapping[str, TableSettings]) -> "Binlog":
        """A reader of these tables alone, without the columns that their settings drop."""
        from shared.adapters.binlog import open_binlog

        def dropped(database: str, table: str) -> frozenset[str]:
            return table_settings(tables, f"{database}.{table}").unread

        server_id = 1 << 31 | secrets.randbits(30)
        return open_binlog(self.endpoint(source), list(tables), server_id, dropped=dropped)

    def mask_key(self, source: SourceSettings) -> bytes:
        """The key of mask `hash`, from the source's secret; empty where nothing is hashed."""
        if not any("hash" in table.mask.values() for table in source.tables.values()):
            return b""
        return str(secret_json(source.secret).get("mask_key", "")).encode()

    def sink(self, consumer: str) -> Sink:
        """A consumer's sink: at the given address, else its secret's."""
        from shared.flows.consume import sinks

        settings = self.consumer(consumer)
        address = self._addresses.get(settings.kind, "")
        return sinks.build(Surroundings(settings, self.state, _secret, address))

    def takeover(self, consumer: str) -> "Takeover | None":
        """What moves the readers of a consumer's sink; None where nothing does."""
        from shared.flows.consume import sinks

        settings = self.consumer(consumer)
        address = self._addresses.get(settings.kind, "")
        return sinks.takeover(SinkAccess(settings, _secret, address))

    def examiner(self, consumer: str) -> Examiner | None:
        """A consumer's sink for checks, which needs no deployed stage; None where it has none."""
        from shared.flows.consume import sinks

        settings = self.consumer(consumer)
        address = self._addresses.get(settings.kind, "")
        return sinks.examine(SinkAccess(settings, _secret, address))

    def runtime(self, name: str) -> "Consume":
        """A consumer at work."""
        from shared.flows.consume.batch_trace import BatchTrace
        from shared.flows.consume.runtime import Consume

        consumer, sink = self.consumer(name), self.sink(name)
        version = os.environ.get("ROWLINE_VERSION", "")
        trace = BatchTrace(self.tracer, f"{self.full_name} consumer {name}", consumer)
        queue = self.queue(name)
        return Consume(consumer, sink, self.state, self.claims, queue, version, trace=trace)

    def watch(self, *, emit: "Emit", holder: str, left: Callable[[], float]) -> "WatchSetup":
        """The parts of a run of the watch; see `WatchSetup` for the parameters."""
        from shared.flows.watch.setup import WatchSetup

        return WatchSetup(self, emit=emit, start_slice=self.start_slice, holder=holder, left=left)

    @cached_property
    def landing(self) -> "S3Landing":
        """The archive's landing. Raises StackError where there is no archive."""
        from shared.adapters.landing.s3 import S3Landing

        return S3Landing(self.client("s3"), self.resources.archive_bucket)

    @cached_property
    def healing(self) -> "S3Landing":
        """Changes that were read again because the archive's table lost them."""
        from shared.adapters.landing.s3 import HEALING, S3Landing

        return S3Landing(self.client("s3"), self.resources.archive_bucket, HEALING)

    @cached_property
    def lake(self) -> "IcebergLake":
        """The archive's table, where its heavy packages are installed."""
        from shared.adapters.lake.iceberg import IcebergLake

        return IcebergLake(self.resources.archive_bucket, self.resources.archive_database)

    @cached_property
    def athena(self) -> "AwsAthena":
        """Queries of the archive. Raises StackError where there is none."""
        from shared.adapters.athena.athena import AwsAthena

        place = self.resources
        return AwsAthena(self.client, place.archive_workgroup, place.archive_database)

    @cached_property
    def archive_table(self) -> "GlueArchiveTable":
        """The archive's table as its metadata describes it."""
        from shared.adapters.archive_table.glue import GlueArchiveTable

        return GlueArchiveTable(self.client, self.resources.archive_database)

    def history(self) -> "HistorySetup":
        """The parts that questions about the past need."""
        from shared.flows.history.setup import HistorySetup

        streams = {each.stream: source_of(each.stream) for each in self.settings.sources.values()}
        return HistorySetup(self.athena, self.archive_table, self.state, streams)

    def archive(self, *, holder: str, left: Callable[[], float]) -> "ArchiveSetup":
        """The parts of the archive's function; see `ArchiveSetup` for the parameters."""
        from shared.flows.archive.setup import ArchiveSetup

        settings = self.settings.archive
        return ArchiveSetup(
            landing=self.landing,
            healing=self.healing,
            lake=self.lake,
            state=self.state,
            streams=tuple(each.stream for each in self.settings.sources.values()),
            retention_days=settings.retention_days if settings else 0,
            holder=holder,
            left=left,
            clock=time.time,
        )

    def reads(self, source: SourceSettings) -> str:
        """Where a source is, and where that address came from."""
        given = self._addresses.get("source") and self.only_source()
        origin = self._origins.get("source", "") if given else f"secret {source.secret}"
        return f"{self.endpoint(source.name)} ({origin})"

    def writes(self, consumer: ConsumerSettings) -> str:
        """Where a consumer's sink is, and where that address came from."""
        if url := self._addresses.get(consumer.kind):
            bare = url.rpartition("@")[2]
            return f"{consumer.kind} at {bare} ({self._origins.get(consumer.kind, '')})"
        secret = consumer.sink.get("secret", "")
        return f"{consumer.kind} (secret {secret})" if secret else consumer.kind

    def job(
        self,
        name: str,
        *,
        by: str,
        show: "Callable[[Progress], None]" = lambda _progress: None,
        consent: "Callable[[DeletionRefused], bool]" = lambda _refused: False,
        tenure: "Tenure | None" = None,
    ) -> "JobSetup":
        """The parts of a job of a consumer; see `JobSetup` for the parameters."""
        from shared.flows.jobs.setup import JobSetup

        consumer = self.consumer(name)
        source = self.settings.source_of(consumer)
        return JobSetup(
            consumer,
            source,
            database=self.database(source.name),
            state=self.state,
            claims=self.claims,
            queue=self.queue(name),
            sink=self.sink(name),
            mask_key=self.mask_key(source),
            by=by,
            reads=self.reads(source),
            writes=self.writes(consumer),
            consent=consent,
            show=show,
            takeover=self.takeover(name),
            examiner=self.examiner(name),
            tenure=tenure,
            subscribed_ms=self._subscribed_ms(consumer),
        )

    def _subscribed_ms(self, consumer: ConsumerSettings) -> int:
        """Since when the watch has seen the deployed filter; 0 on the local stage: it acts at once.

        A filter that the watch has not seen yet has just been deployed.
        """
        if self.name == "local":
            return 0
        seen = self.state.pulses.read().memory.subscribed.get(consumer.name)
        if seen is None or seen.filter != filter_text(filter_policy(consumer)):
            return int(time.time() * 1000)
        return seen.since_ms

    def redrive(
        self, name: str, *, by: str = "", show: "Callable[[Progress], None]" = lambda _: None
    ) -> "RedriveSetup":
        """The parts of a redrive of a consumer; see `RedriveSetup` for the parameters."""
        from shared.flows.redrive.setup import RedriveSetup

        consumer = self.consumer(name)
        return RedriveSetup(consumer, self.state, self.claims, self.queue(name), by, show)

    def start_slice(self, job: "Job") -> None:
        """Start a slice of a job in the jobs function. Raises StackError, StateUnavailable."""
        event = {"consumer": job.consumer, "slot": job.slot}
        self.functions.start(self.resources.jobs_function, event)

    def is_led_elsewhere(self, consumer: str) -> bool:
        """Whether a command was given another source or sink than the functions use."""
        settings = self.consumer(consumer)
        source, sink = self._addresses.get("source"), self._addresses.get(settings.kind)
        if source and self.only_source():
            name = self.settings.sources[settings.source].secret
            theirs = endpoint.from_secret(name, secret_json(name))
            given = endpoint.parse(source)
            if (given.host, given.port) != (theirs.host, theirs.port):
                return True
        url = str(_secret(settings.sink["secret"], False).get("url", "")) if sink else ""
        return bool(sink and _place(sink) != _place(url))

    def relay(
        self,
        name: str | None,
        *,
        holder: str,
        manner: "Manner",
        run: str,
        report: Callable[[dict[str, Any], dict[str, float]], None],
        report_seconds: float = 10.0,
        left_ms: Callable[[], int | None] = lambda: None,
        stop: threading.Event | None = None,
    ) -> "RelaySetup":
        """The parts of a source's relay; see `RelaySetup` for the parameters."""
        from shared.flows.relay.reading.connecting import database, opener, preflight
        from shared.flows.relay.setup import RelaySetup

        source = self.source(name)
        siblings = self.settings.siblings(source)

        def here() -> SourceEndpoint:
            return self.endpoint(source.name)

        return RelaySetup(
            source=source,
            streams=self.state.streams,
            schemas=self.state.schemas,
            dues=self.state.dues,
            coverage=self.state.coverage,
            claims=self.claims,
            topic=self.topic,
            open_binlog=opener(here, f"{self.full_name}/{source.name}"),
            open_database=database(here),
            preflight=preflight(here, source),
            others={each.stream: each.tables for each in siblings},
            elsewhere={name: how for each in siblings for name, how in each.tables.items()},
            holder=holder,
            manner=manner,
            run=run,
            version=os.environ.get("ROWLINE_VERSION", ""),
            mask_key=lambda: self.mask_key(source),
            left_ms=left_ms,
            report=report,
            report_seconds=report_seconds,
            stop=stop or threading.Event(),
            sampler=TraceSampler(self.settings.traced_share),
            tracer=self.tracer,
            traced_as=f"{self.full_name} relay {name or source.stream}",
        )


def _place(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port


def _secret(name: str, fresh: bool) -> Mapping[str, Any]:
    return secret_json(name, fresh=fresh)


def _named(entries: Mapping[str, T], name: str | None, kind: str) -> T:
    if name is None and len(entries) == 1:
        return next(iter(entries.values()))
    if name is not None and name in entries:
        return entries[name]
    known = ", ".join(sorted(entries)) or "none"
    raise ConfigError(
        f"is not a {kind} of this stage." if name else f"has more than one {kind}.",
        thing=name or "the stage",
        hint=f"Name one of: {known}.",
    )
