"""Functions on Lambda."""

from typing import TYPE_CHECKING, Any

import msgspec

from shared.adapters import aws
from shared.values.errors import StackError, StateUnavailable

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient


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
        except aws.FAILURES as error:
            if aws.is_passing(error):
                raise StateUnavailable(
                    f"did not answer ({aws.code_of(error)}).", thing="Lambda"
                ) from None
            raise StackError(
                f"cannot be started ({aws.code_of(error)}).",
                thing=f"function {name}",
                hint="Credentials need lambda:InvokeFunction on it.",
            ) from None
