"""Pulse: when the watch function last ran, and which run of it is under way."""

import msgspec


class Pulse(msgspec.Struct, frozen=True, omit_defaults=True):
    """The watch of a stage.

    at_ms: when a run last ended, Unix ms; 0: none has.
    problems: task → why it failed in that run.
    """

    at_ms: int = 0
    problems: dict[str, str] = {}
