"""The history API's function: answers requests of API Gateway from the archive."""

from functools import cache
from typing import Any

from shared.flows.history.api.app import application
from shared.stage import Stage

stage = cache(Stage.from_environment)
resolver = application(lambda: stage().history())


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return dict(resolver.resolve(event, context))
