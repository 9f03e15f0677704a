"""What a command says of a function that ended with an error."""

import io
from typing import Any

import msgspec
import pytest

from shared.adapters import aws
from shared.adapters.functions.awslambda import LambdaFunctions
from shared.adapters.functions.contract import FunctionFailed
from shared.values.errors import ConfigError


def answer(monkeypatch: pytest.MonkeyPatch, **error: Any) -> str:
    class Client:
        def invoke(self, **_: Any) -> dict[str, Any]:
            payload = io.BytesIO(msgspec.json.encode(error))
            return {"FunctionError": "Unhandled", "Payload": payload}

    monkeypatch.setattr(aws, "client", lambda *_, **__: Client())
    with pytest.raises(FunctionFailed) as failed:
        LambdaFunctions(Client()).call("shop-archive", {})  # type: ignore[arg-type]
    return str(failed.value)


def test_an_error_for_people_stands_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ConfigError("has rows.", thing="table people", hint="Delete them.")
    said = answer(monkeypatch, errorMessage=str(error), errorType=type(error).__name__)
    assert said == "table people: has rows. Delete them."


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ({"errorMessage": "'id'", "errorType": "KeyError"}, "'id'"),
        ({"errorMessage": "Task timed out after 900.00 seconds"}, "Task timed out"),
        ({}, "failed without a reason."),
    ],
    ids=["bug", "time-out", "silent"],
)
def test_any_other_names_the_function_and_its_log(
    monkeypatch: pytest.MonkeyPatch, error: dict[str, Any], why: str
) -> None:
    said = answer(monkeypatch, **error)
    assert said.startswith(f"function shop-archive: {why}")
    assert said.endswith("Its log group /aws/lambda/shop-archive may say more.")
