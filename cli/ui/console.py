"""Where commands write: results to stdout, progress and errors to stderr."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Console


def result_console() -> "Console":
    """The console for results. Text is data: no emoji names, markup colours or hard wrapping."""
    from cli.ui.data_console import DataConsole  # a fifth of the start-up time of a command

    return DataConsole(highlight=False, emoji=False, markup=False, soft_wrap=True)


def note_console() -> "Console":
    """The console for progress and notes, on stderr."""
    from cli.ui.data_console import DataConsole

    return DataConsole(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Write a value to stdout as one line of JSON, in UTF-8 whatever the terminal's charset is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(msgspec.json.encode(_every_field(value)) + b"\n")
    sys.stdout.buffer.flush()


def _every_field(value: Any) -> Any:
    """The value with the fields that are at their defaults, too.

    What is stored leaves them out to stay small. A script may ask for each.
    """
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field else {}
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return tag | {said: _every_field(getattr(value, name)) for said, name in names}
    if isinstance(value, Mapping):
        return {name: _every_field(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_every_field(one) for one in value]
    return value


def escape_unprintable() -> None:
    """Let a terminal that lacks a character show its escape, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
