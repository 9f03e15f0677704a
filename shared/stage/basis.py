"""Basis: a stage's names and settings, and where its servers are.

AWS clients are made once and used by all parts.
"""

import threading
from collections.abc import Mapping
from typing import Any, TypeVar

from shared.adapters import aws
from shared.adapters.stack.resources import Resources
from shared.values.errors import ConfigError
from shared.values.settings import ConsumerSettings, SourceSettings, StageSettings

T = TypeVar("T")


class Basis:
    """A stage before anything of it is opened; see `Stage` for the parameters."""

    def __init__(
        self,
        service: str,
        name: str,
        settings: StageSettings,
        resources: Resources,
        addresses: Mapping[str, str] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        self.service, self.name = service, name
        self.settings, self.resources = settings, resources
        self._addresses, self._origins = addresses or {}, origins or {}
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    @property
    def full_name(self) -> str:
        """SERVICE-STAGE: the stack's name, and the dimension that separates stages in metrics."""
        return f"{self.service}-{self.name}"

    def client(self, service: str) -> Any:
        """A client of an AWS service, made once."""
        with self._making:  # threads that ask at once would each make one
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
