"""A stage that is not deployed has no resources."""

from shared.values.errors import StackError
from shared.values.settings import StageSettings


class NotDeployed:
    """The names of resources, each of which raises StackError."""

    def __init__(self, settings: StageSettings) -> None:
        self._error = StackError(
            "is not deployed.",
            thing=f"stack {settings.service}-{settings.stage}",
            hint=f"Deploy it: npx sls deploy --stage {settings.stage}.",
        )

    @property
    def topic_arn(self) -> str:
        raise self._error

    @property
    def state_table(self) -> str:
        raise self._error

    @property
    def claims_bucket(self) -> str:
        raise self._error

    def queue_url(self, consumer: str) -> str:
        raise self._error

    def dlq_url(self, consumer: str) -> str:
        raise self._error

    def undelivered_url(self, consumer: str) -> str:
        raise self._error

    def consume_function(self, consumer: str) -> str:
        raise self._error

    @property
    def jobs_function(self) -> str:
        raise self._error

    @property
    def archive_bucket(self) -> str:
        raise self._error

    @property
    def archive_database(self) -> str:
        raise self._error

    @property
    def archive_workgroup(self) -> str:
        raise self._error

    @property
    def archive_function(self) -> str:
        raise self._error
