"""The deployed stage that a command works on: what is deployed there, and the way to each part of
it.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

import boto3
import typer
import yaml

from cli import local_record
from shared.adapters.claims.s3 import S3Claims
from shared.adapters.database.contract import Database
from shared.adapters.database.sql import SqlDatabase
from shared.adapters.queue.sqs import SqsQueue
from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.adapters.secrets import secret_json
from shared.adapters.stack import Stack
from shared.adapters.state.dynamodb import DynamoConsumers, DynamoSchemas, DynamoStreams
from shared.adapters.topic.sns import SnsTopic
from shared.values import endpoint
from shared.values.endpoint import SourceEndpoint
from shared.values.errors import ConfigError
from shared.values.settings import ConsumerSettings, Settings, SourceSettings

T = TypeVar("T")
StageOption = Annotated[
    str, typer.Option("--stage", envvar="ROWLINE_STAGE", help="The deployed stage.")
]
ServiceOption = Annotated[
    str,
    typer.Option(
        "--service",
        envvar="ROWLINE_SERVICE",
        help="The service's name, if it is not that of ./serverless.yml.",
    ),
]


@dataclass(frozen=True)
class DeployedStage:
    """What is deployed under SERVICE-STAGE, and adapters for its parts. `settings` are those of the
    deployed template.
    """

    name: str
    service: str
    stack: Stack
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def settings(self) -> Settings:
        return self.stack.settings

    @property
    def outputs(self) -> dict[str, str]:
        return self.stack.outputs

    def client(self, service: str) -> Any:
        """A boto3 client, made once."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service)  # type: ignore[call-overload]
        return self._clients[service]

    def source(self, name: str | None = None) -> SourceSettings:
        """The source of this name, or the only one."""
        return _named(self.settings.sources, name, "source")

    def only_source(self) -> str | None:
        """The name of the stage's source, when there is one (it may have several relays)."""
        own = [name for name, source in self.settings.sources.items() if not source.relay_of]
        return own[0] if len(own) == 1 else None

    def consumer(self, name: str | None = None) -> ConsumerSettings:
        """The consumer of this name, or the only one."""
        return _named(self.settings.consumers, name, "consumer")

    def streams(self) -> DynamoStreams:
        return DynamoStreams(self.client("dynamodb"), self.stack.state_table)

    def schemas(self) -> DynamoSchemas:
        return DynamoSchemas(self.client("dynamodb"), self.stack.state_table)

    def consumers(self) -> DynamoConsumers:
        return DynamoConsumers(self.client("dynamodb"), self.stack.state_table)

    def claims(self) -> S3Claims:
        return S3Claims(self.client("s3"), self.stack.claims_bucket)

    def topic(self) -> SnsTopic:
        return SnsTopic(self.client("sns"), self.stack.topic_arn)

    def queue(self, consumer: str) -> SqsQueue:
        return SqsQueue(self.client("sqs"), self.stack.queue_url(consumer))

    def dlq(self, consumer: str) -> SqsQueue:
        return SqsQueue(self.client("sqs"), self.stack.dlq_url(consumer))

    def undelivered(self, consumer: str) -> SqsQueue:
        """The DLQ of the consumer's subscription: what SNS could not deliver."""
        return SqsQueue(self.client("sqs"), self.stack.undelivered_url(consumer))

    def endpoint(self, source: str | None = None) -> SourceEndpoint:
        """Where the source is: ROWLINE_SOURCE when set and the stage has no other one, else the
        secret.
        """
        if (url := os.environ.get("ROWLINE_SOURCE")) and self.only_source():
            return endpoint.parse(url)
        name = self.source(source).secret
        return endpoint.from_secret(name, secret_json(name))

    def database(self, source: str | None = None) -> Database:
        return SqlDatabase(self.endpoint(source))

    def search(self, consumer: str) -> ElasticsearchSearch:
        """The consumer's Elasticsearch: ROWLINE_ELASTICSEARCH when set, else the secret."""
        if url := os.environ.get("ROWLINE_ELASTICSEARCH"):
            return ElasticsearchSearch({"url": url})
        return ElasticsearchSearch(secret_json(self.consumer(consumer).elasticsearch.secret))


def _named(entries: dict[str, T], name: str | None, kind: str) -> T:
    if name is None and len(entries) == 1:
        return next(iter(entries.values()))
    if name in entries:
        return entries[name]
    known = ", ".join(sorted(entries)) or "none"
    raise ConfigError(
        f"is not a {kind} of this stage." if name else f"has more than one {kind}.",
        thing=name or "the stage",
        hint=f"Name one of: {known}.",
    )


def default_service() -> str:
    """The service of ./serverless.yml, or `rowline`."""
    file = Path("serverless.yml")
    return (
        str((yaml.safe_load(file.read_text()) or {}).get("service", "rowline"))
        if file.is_file()
        else "rowline"
    )


def open_stage(stage: str, service: str = "") -> DeployedStage:
    """Open a deployed stage. For `local` the environment of the running local stage is used where
    nothing else is set.
    """
    if stage == "local" and "AWS_ENDPOINT_URL" not in os.environ:
        for name, value in local_record.environment().items():
            os.environ.setdefault(name, value)
    service = service or default_service()
    return DeployedStage(name=stage, service=service, stack=Stack.open(service, stage))
