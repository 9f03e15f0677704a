"""Functions on Lambda."""

from typing import TYPE_CHECKING, Any

import msgspec

from shared.adapters import aws
from shared.adapters.aws_errors import FAILURES, code_of, failure
from shared.adapters.functions.contract import FunctionFailed, MappingState
from shared.values import errors
from shared.values.errors import RowlineError

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient


LONGEST_SECONDS = 905.0
"""A little longer than Lambda's longest run."""
_STATES: dict[str, MappingState] = {"Enabled": "on", "Disabled": "off"}
_BUSY = "ResourceInUseException"
_OURS = {name for name, each in vars(errors).items() if isinstance(each, type)}
"""Errors that a function raises on purpose name the thing and the next step."""


class LambdaFunctions:
    """Functions of one account and region."""

    def __init__(self, client: "LambdaClient") -> None:
        self._client = client

    def start(self, name: str, event: dict[str, Any]) -> None:
        """Source: Lambda API reference, "Invoke", InvocationType `Event`."""
        try:
            self._client.invoke(
                FunctionName=name, InvocationType="Event", Payload=msgspec.json.encode(event)
            )
        except FAILURES as error:
            raise _failed(name, error) from None

    def call(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """One attempt, as long as the longest run: what it started may still be running."""
        client = aws.client("lambda", attempts=1, read_seconds=LONGEST_SECONDS)
        try:
            reply = client.invoke(FunctionName=name, Payload=msgspec.json.encode(event))
            answer = msgspec.json.decode(reply["Payload"].read() or b"{}")
        except FAILURES as error:
            raise _failed(name, error) from None
        plain: dict[str, Any] = answer if isinstance(answer, dict) else {}
        if reply.get("FunctionError"):
            why = plain.get("errorMessage") or "failed without a reason."
            if plain.get("errorType") in _OURS:  # the log says no more
                raise FunctionFailed(why)
            hint = f"Its log group /aws/lambda/{name} may say more."
            raise FunctionFailed(why, thing=f"function {name}", hint=hint)
        return plain

    def mapping(self, name: str) -> MappingState:
        found = self._mapping(name)
        return _STATES.get(found["State"], "changing") if found else "missing"

    def switch(self, name: str, *, on: bool) -> None:
        if (found := self._mapping(name)) is None:
            return
        try:
            self._client.update_event_source_mapping(UUID=found["UUID"], Enabled=on)
        except FAILURES as error:
            if code_of(error) == _BUSY:  # it is changing; the next look decides again
                return
            raise _failed(name, error, "lambda:UpdateEventSourceMapping") from None

    def _mapping(self, name: str) -> Any:
        try:
            listed = self._client.list_event_source_mappings(FunctionName=name)
        except FAILURES as error:
            raise _failed(name, error, "lambda:ListEventSourceMappings") from None
        return next(iter(listed["EventSourceMappings"]), None)


def _failed(name: str, error: Exception, action: str = "lambda:InvokeFunction") -> RowlineError:
    return failure(
        "Lambda", error, thing=f"function {name}", hint=f"Credentials need {action} on it."
    )
