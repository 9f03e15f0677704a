"""Sinks: each module or package in this folder is one, its name the `kind` in a consumer's stanza.

A sink is a new file here and one in the plugin's folder of sinks; nothing else lists them. It has

    Settings    a frozen msgspec.Struct with `tag_field="kind"`: what the plugin packs of the stanza
    build(settings, around)
                the sink itself (shared/domain/sink.py), made of what a stage offers; its annotation
                tells whether the sink is Listable, so that verify can compare what it holds
    examine(settings, access)
                optional: an Examiner, which compares stanza, tables and sink, and writes nothing
    takeover(settings, access)
                optional: a Takeover, which fills another place and moves readers to it
    preload()   optional: imports what the first request needs, while a function starts
"""

import importlib
import pkgutil
from functools import cache
from typing import Any, Protocol, cast, get_type_hints

import msgspec

from shared.domain.alias_takeover import Takeover
from shared.domain.sink import Examiner, Listable, Sink, SinkAccess, Surroundings
from shared.flows.consume.preparing import prepared
from shared.values.errors import ConfigError
from shared.values.settings import ConsumerSettings


class SinkModule(Protocol):
    """What a module in this folder has."""

    Settings: type[msgspec.Struct]

    def build(self, settings: Any, around: Surroundings) -> Sink: ...


def kinds() -> list[str]:
    """The sinks that there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


@cache
def _module(kind: str) -> SinkModule:
    return cast(SinkModule, importlib.import_module(f"{__name__}.{kind}"))


def settings_of(consumer: ConsumerSettings) -> msgspec.Struct:
    """The settings of a consumer's sink. Raises ConfigError naming the place in them."""
    place = f"consumers.{consumer.name}.{consumer.kind or 'sink'}"
    if consumer.kind not in kinds():
        raise ConfigError(
            "is no sink of this version.", thing=place, hint=f"It has {', '.join(kinds())}."
        )
    try:
        return msgspec.convert(consumer.sink, type=_module(consumer.kind).Settings)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"cannot be read: {error}.",
            thing=place,
            hint="Deploy again with the plugin of this version.",
        ) from None


def build(around: Surroundings) -> Sink:
    """The sink of a consumer, behind its filter and its own code. Raises ConfigError."""
    settings = settings_of(around.consumer)
    sink = _module(around.consumer.kind).build(settings, around)
    return prepared(sink, around.consumer, around.state.schemas)


def examine(access: SinkAccess) -> Examiner | None:
    """The examiner of a consumer's sink; None where it has none. Raises ConfigError."""
    settings = settings_of(access.consumer)
    made = getattr(_module(access.consumer.kind), "examine", None)
    return made(settings, access) if made else None


def takeover(access: SinkAccess) -> Takeover | None:
    """What moves the readers of a consumer's sink; None where nothing does. Raises ConfigError."""
    settings = settings_of(access.consumer)
    made = getattr(_module(access.consumer.kind), "takeover", None)
    return made(settings, access) if made else None


def is_listable(consumer: ConsumerSettings) -> bool:
    """Whether a verify can compare what the consumer's sink holds, without making the sink."""
    made = get_type_hints(_module(consumer.kind).build).get("return")
    return isinstance(made, type) and issubclass(made, Listable)


def preload(consumer: ConsumerSettings) -> None:
    """Import what the consumer's sink needs for its first request."""
    getattr(_module(consumer.kind), "preload", lambda: None)()
