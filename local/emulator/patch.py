"""How a gap is closed: a function of the emulator gets another one around it.

If a newer emulator lacks a patched name, its start fails with AttributeError or KeyError: the gap
does not silently return.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

Function = Callable[..., Any]


def around(module: ModuleType, name: str) -> Callable[[Function], Function]:
    """Decorator: the decorated function takes the place of `module.name`.

    It gets the original as its first argument.
    """

    def decorate(replacement: Function) -> Function:
        original = getattr(module, name)
        setattr(module, name, functools.wraps(original)(functools.partial(replacement, original)))
        return replacement

    return decorate


def after_resource(kind: str) -> Callable[[Callable[[str, dict[str, Any]], None]], Any]:
    """Decorator: called after CloudFormation made or changed a resource of type `kind`.

    The function gets the physical id and the properties.
    """
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS[kind]

    def decorate(complete: Callable[[str, dict[str, Any]], None]) -> Any:
        # create(logical id, properties, stack) and update(physical id, old properties, new
        # properties, stack, …): both answer (physical id, attributes).
        for verb, position in (("create", 1), ("update", 2)):
            handlers[verb] = _then(handlers[verb], position, complete)
        return complete

    return decorate


def _then(
    original: Function, position: int, complete: Callable[[str, dict[str, Any]], None]
) -> Function:
    @functools.wraps(original)
    def made(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        complete(result[0], args[position])
        return result

    return made
