"""Environment: what a function finds around it — its settings, the names of its resources, clients
of AWS. Each made once a process.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from shared.adapters import aws
from shared.values.errors import ConfigError
from shared.values.settings import Settings, decode, load


@cache
def settings() -> Settings:
    """The stanzas as the plugin packed them: in a container, whose image is the same for all, those
    of its source in ROWLINE_SETTINGS. Raises ConfigError.
    """
    if text := os.environ.get("ROWLINE_SETTINGS"):
        return decode(text.encode(), "ROWLINE_SETTINGS")
    return load(Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / "rowline.json")


@cache
def client(service: str) -> Any:
    """A boto3 client whose requests end well before the function does."""
    return aws.client(service)


def variable(name: str) -> str:
    """A variable that the template sets. Raises ConfigError naming it."""
    try:
        return os.environ[name]
    except KeyError:
        raise ConfigError(
            "is not set.", thing=name, hint="Deploy with the plugin of this version."
        ) from None


def service() -> str:
    """SERVICE-STAGE: the stack's name, and the dimension that keeps the metrics of two stages
    apart.
    """
    return f"{variable('ROWLINE_SERVICE')}-{variable('ROWLINE_STAGE')}"
