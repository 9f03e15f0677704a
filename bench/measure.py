"""A command measured as a whole process, with all its children.

Processor time, wall time and peak memory count.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from shared.values.errors import RowlineError

_STOPWATCH = Path(__file__).with_name("stopwatch.py")


class Run(msgspec.Struct, frozen=True):
    """One run of a command.

    cpu: User and system seconds.
    wall: Seconds.
    rss_mb: Peak memory of its largest process, in MiB.
    lines: How many it printed, or None if they went to /dev/null uncounted.
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
    """Run the command with its output to /dev/null.

    count: Read the output through a pipe and count its lines.

    Raises RowlineError if it fails or takes longer than `seconds`.
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
