"""The names of a stage's resources as the template gives them to functions and containers."""

import os

from shared.values.errors import ConfigError


class EnvironmentResources:
    """The names that the template gives a function or a container."""

    @property
    def topic_arn(self) -> str:
        return variable("ROWLINE_TOPIC_ARN")

    @property
    def state_table(self) -> str:
        return variable("ROWLINE_STATE_TABLE")

    @property
    def claims_bucket(self) -> str:
        return variable("ROWLINE_CLAIMS_BUCKET")

    def queue_url(self, consumer: str) -> str:
        if names := os.environ.get("ROWLINE_QUEUES"):
            return _url(consumer, names)
        return _of_consumer(consumer, "ROWLINE_QUEUE_URL")

    def dlq_url(self, consumer: str) -> str:
        return _of_consumer(consumer, "ROWLINE_DLQ_URL")

    def undelivered_url(self, consumer: str) -> str:
        return _of_consumer(consumer, "ROWLINE_UNDELIVERED_URL")

    def consume_function(self, consumer: str) -> str:
        return _of_consumer(consumer, "AWS_LAMBDA_FUNCTION_NAME")

    @property
    def jobs_function(self) -> str:
        return variable("ROWLINE_JOBS_FUNCTION")

    @property
    def archive_bucket(self) -> str:
        return variable("ROWLINE_ARCHIVE_BUCKET")

    @property
    def archive_database(self) -> str:
        return variable("ROWLINE_ARCHIVE_DATABASE")

    @property
    def archive_workgroup(self) -> str:
        return variable("ROWLINE_ARCHIVE_WORKGROUP")

    @property
    def archive_function(self) -> str:
        return os.environ.get("ROWLINE_ARCHIVE_FUNCTION") or variable("AWS_LAMBDA_FUNCTION_NAME")


def variable(name: str) -> str:
    """A variable that the template sets. Raises ConfigError naming it."""
    try:
        return os.environ[name]
    except KeyError:
        raise ConfigError(
            "is not set.", thing=name, hint="Deploy with the plugin of this version."
        ) from None


def _url(consumer: str, names: str) -> str:
    """The URL of a consumer's queue. names: of all queues, `CONSUMER=QUEUE,…`.

    One URL gives the place of all: whole URLs would not fit into the environment of a function.
    Source: Lambda developer guide, "Lambda quotas": 4 KB.
    """
    queues = dict(each.partition("=")[::2] for each in names.split(","))
    if consumer not in queues:
        raise ConfigError("has no queue in this stage.", thing=f"consumer {consumer}")
    return f"{variable('ROWLINE_QUEUE_URL').rpartition('/')[0]}/{queues[consumer]}"


def _of_consumer(consumer: str, name: str) -> str:
    """A function knows the queues of its own consumer only."""
    if consumer != variable("ROWLINE_CONSUMER"):
        raise ConfigError("is another function's consumer.", thing=f"consumer {consumer}")
    return variable(name)
