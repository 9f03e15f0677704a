"""Stage: puts a deployed stage together for every entry point.

A stage is its settings, the names of its AWS resources, and the adapters made of both. A function
finds settings and names in its package and environment, a command in the deployed stack; from
there on both use the same adapters with the same time-outs.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from shared.adapters.stack import NotDeployed, Stack
from shared.adapters.stack.environment import EnvironmentResources, variable
from shared.adapters.stack.resources import Resources
from shared.stage.job_parts import JobParts
from shared.stage.privacy_parts import PrivacyParts
from shared.stage.relay_parts import RelayParts
from shared.values.settings import StageSettings, decode, load

if TYPE_CHECKING:
    from shared.flows.watch.watch_setup import Emit, WatchSetup


class Stage(RelayParts, JobParts, PrivacyParts):
    """One deployed stage.

    service: the service's name in serverless.yml. name: the stage's.
    addresses: where to find servers instead of where the secrets say: `source`, or the kind of a
    sink, to a URL. Only commands give them. origins: where each of these came from, for people.
    """

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
        """The stage as it is deployed, not as the folder declares it. Raises StackError, Outage."""
        stack = Stack.open(service, name)
        return cls(service, name, stack.settings, stack, addresses, origins)

    @classmethod
    def from_folder(
        cls,
        settings: StageSettings,
        deployed: Resources | None,
        addresses: Mapping[str, str] | None = None,
    ) -> "Stage":
        """The stage as a folder declares it. deployed: its resources, None where it has none."""
        resources = deployed or NotDeployed(settings)
        return cls(settings.service, settings.stage, settings, resources, addresses)

    def watch(self, *, emit: "Emit", holder: str, left: Callable[[], float]) -> "WatchSetup":
        """The parts of a run of the watch; see `WatchSetup` for the parameters."""
        from shared.flows.watch.watch_setup import WatchSetup

        return WatchSetup(self, emit=emit, start_slice=self.start_slice, holder=holder, left=left)
