"""Resources: the names of a stage's AWS resources, as its stack or its functions know them."""

from typing import Protocol


class Resources(Protocol):
    """The names of a stage's AWS resources. Each raises an error that names what is missing."""

    @property
    def topic_arn(self) -> str: ...

    @property
    def state_table(self) -> str: ...

    @property
    def claims_bucket(self) -> str: ...

    def queue_url(self, consumer: str) -> str: ...

    def dlq_url(self, consumer: str) -> str: ...

    def undelivered_url(self, consumer: str) -> str: ...

    def consume_function(self, consumer: str) -> str: ...

    @property
    def jobs_function(self) -> str: ...
