"""Own code: functions and classes of the service that the stanzas name, packed beside this code."""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, cast

from shared.values.errors import ConfigError
from shared.values.storable_text import text_of


class NotImported(ConfigError):
    """The own code cannot be imported here. The function may be able to import it."""


class MissingModule(NotImported):
    """The own code imports a module that is not installed here."""


def let_interrupts_pass(error: BaseException) -> None:
    """Raise Ctrl-C again. Anything else that own code raised is about its change.

    Not only an Exception: asyncio.CancelledError and the time-outs of gevent are none, and would
    end the function as often as the change comes.
    """
    if isinstance(error, KeyboardInterrupt):
        raise error


def module_of(reference: str) -> tuple[str, str]:
    """The module and the name in it: `folder/module.name` or `folder.module.name`."""
    module, _, name = reference.replace("/", ".").rpartition(".")
    return module, name


def load(reference: str, place: str) -> Any:
    """The function or class that `reference` names.

    place: leads to it in the stanza. Raises NotImported, and ConfigError where it has no such name.
    """
    module, name = module_of(reference)
    if os.getcwd() not in sys.path:  # a command runs in the service's folder
        sys.path.append(os.getcwd())
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and not f"{module}.".startswith(f"{error.name}."):
            raise MissingModule(
                f"{reference} cannot be imported: it needs the module {error.name}.",
                thing=place,
                hint="Name its package in the consumer's requirements file, and install it here.",
            ) from None
        raise NotImported(
            f"{reference} cannot be imported: there is no module {error.name}.",
            thing=place,
            hint="Write FOLDER/MODULE.NAME, from the folder of serverless.yml.",
        ) from None
    except BaseException as error:  # noqa: BLE001 (whatever foreign code raises)
        let_interrupts_pass(error)
        raise NotImported(
            f"{reference} cannot be imported: {text_of(error, ': ')}.",
            thing=place,
            hint="Correct its code and deploy again.",
        ) from None
    found = getattr(loaded, name, None)
    if not callable(found):
        raise ConfigError(
            f"{module} has no function or class {name}.",
            thing=place,
            hint="Correct the name in the stanza or in the code.",
        )
    return found


class OwnFunction:
    """A function of the own code, imported when it is called first.

    place: leads to it in the stanza.
    """

    def __init__(self, reference: str, place: str) -> None:
        self.reference, self.place = reference, place
        self._loaded: Callable[..., Any] | None = None

    def load(self) -> Callable[..., Any]:
        """The function, imported. Raises what `load` raises."""
        if self._loaded is None:
            found = load(self.reference, self.place)
            self._loaded = cast(Callable[..., Any], found)
        return self._loaded
