"""The `rowline` command in the process of a test: starting a process for it takes half a second."""

import gc
import io
import sys
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from cli import main


class Ended(NamedTuple):
    """How a command ended: its exit code, and the bytes of its output and of its notes."""

    code: int
    stdout: bytes
    stderr: bytes


def run_here(*words: str, environment: Mapping[str, str]) -> Ended:
    """Run `rowline WORDS`, with these variables too; everything it does to the process is undone.

    It must not leave threads behind.
    """
    streams = {
        name: io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for name in ("stdout", "stderr")
    }
    code, thresholds = 0, gc.get_threshold()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["rowline", *words])
        for registered in ("registered_commands", "registered_groups"):
            patch.setattr(main.app, registered, [*getattr(main.app, registered)])
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            main.run()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            gc.unfreeze()
            gc.set_threshold(*thresholds)
    written = []
    for stream in streams.values():
        stream.flush()
        written.append(stream.buffer.getvalue())  # type: ignore[attr-defined]
    return Ended(code, *written)
