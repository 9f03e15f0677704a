"""Measuring a command as a whole process: processor time, wall time, peak memory, all its children
included.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from shared.values.errors import RowlineError

_STOPWATCH = Path(__file__).with_name("stopwatch.py")


class Run(msgspec.Struct, frozen=True):
    """One run of a command. `cpu` user and system seconds, `wall` seconds, `rss_mb` the peak of its
    largest process in MiB, `lines` those it printed (None where they went to /dev/null
    uncounted).
    """

    cpu: float
    wall: float
    rss_mb: float
    lines: int | None = None


class _Ended(msgspec.Struct):
    """What the stopwatch prints."""

    code: int
    said: str
    run: Run


def run(
    command: Sequence[str],
    environment: dict[str, str],
    *,
    count: bool = False,
    seconds: float = 900.0,
) -> Run:
    """Run the command with its output to /dev/null, or, to `count` its lines, through a pipe.
    Raises RowlineError when it fails or takes too long.
    """
    stopwatch = [
        sys.executable,
        "-I",
        "-S",
        str(_STOPWATCH),
        "count" if count else "discard",
        str(seconds),
        *command,
    ]
    done = subprocess.run(
        stopwatch,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RowlineError(
            f"cannot be run: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}.",
            thing=command[0],
        )
    ended = msgspec.json.decode(done.stdout, type=_Ended)
    if ended.code:
        raise RowlineError(f"ended with code {ended.code}: {ended.said}", thing=command[0])
    return ended.run
