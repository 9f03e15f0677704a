"""Gap: a mapping that a template disables is shown, and treated, as enabled.

Shown by test_mappings.py::test_disabled_mapping_of_a_stack_is_disabled.
"""

from typing import Any

from ministack.services import lambda_svc

from local.emulator.patch import after_resource


@after_resource("AWS::Lambda::EventSourceMapping")
def keep_state(uuid: str, _properties: dict[str, Any]) -> None:
    """Keep the state of the template, whose booleans are text: "false" would count as true."""
    mapping = lambda_svc._esms.get(uuid)
    if mapping is not None:
        mapping["Enabled"] = str(mapping.get("Enabled", True)).lower() != "false"
        mapping["State"] = "Enabled" if mapping["Enabled"] else "Disabled"
