"""Closes the gaps of Athena when its first request comes: their libraries take a second to import.

Most stages never ask Athena. See `athena_queries`.
"""

from importlib import import_module
from typing import Any

from ministack.services import athena

from local.emulator.patch import Function, around


@around(athena, "handle_request")
async def handle(original: Function, *request: Any, **named: Any) -> Any:
    """As before, by functions that are patched now."""
    import_module("local.emulator.athena_queries")
    return await original(*request, **named)
