"""HTTP examiner: whether secret and receiver are there. It sends no change."""

from collections.abc import Sequence

from shared.adapters.webhook.webhook_endpoint import WebhookEndpoint
from shared.domain.received_table import ReceivedTable
from shared.domain.sink import Target
from shared.values.finding import Finding
from shared.values.settings import ConsumerSettings


class HttpExaminer:
    """Asks the receiver of one consumer."""

    def __init__(self, consumer: ConsumerSettings, endpoint: WebhookEndpoint) -> None:
        self._stanza, self._endpoint = f"consumers.{consumer.name}.http", endpoint

    def targets(self, tables: Sequence[str]) -> list[Target]:
        return []

    def compare(self, tables: Sequence[ReceivedTable]) -> list[Finding]:
        """Ask the receiver. Raises Outage without an answer, ConfigError for an unusable secret."""
        answer = self._endpoint.reach()
        if 300 <= answer.status < 400:
            return [
                Finding(
                    f"{self._stanza}.url",
                    "fail",
                    f"answers {answer.status}, a redirect, which is not followed",
                    "Write the new address.",
                    stanza=f"{self._stanza}.url",
                )
            ]
        return []
