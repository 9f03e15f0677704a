"""Gap: AWS::Lambda::Function drops ReservedConcurrentExecutions.

A function that must run once at a time may run twice then. Shown by
test_mappings.py::test_reserved_concurrency_of_a_stack_is_kept.
"""

from typing import Any

from ministack.services import lambda_svc

from local.emulator.patch import after_resource


@after_resource("AWS::Lambda::Function")
def keep_reserved(name: str, properties: dict[str, Any]) -> None:
    """Store it where PutFunctionConcurrency does."""
    function, reserved = (
        lambda_svc._functions.get(name),
        properties.get("ReservedConcurrentExecutions"),
    )
    if function is not None:
        function["concurrency"] = None if reserved is None else int(reserved)
