"""Runs one command and prints its figures as JSON: `stopwatch.py count|discard SECONDS COMMAND…`.

It is a process of its own, and a small one. The operating system counts the memory of a child
before its exec into the child's peak, so its parent must be smaller than the command that is
measured. It imports next to nothing for that.
"""

import json
import os
import subprocess
import sys
import threading
import time
from typing import IO


def main(how: str, seconds: str, *command: str) -> None:
    """Run the command; its output is counted in lines or goes to /dev/null.

    The end of its standard error is kept.
    """
    began, lines, said = time.monotonic(), None, list[bytes]()
    output = subprocess.PIPE if how == "count" else subprocess.DEVNULL
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE
    ) as process:
        timer = threading.Timer(float(seconds), process.kill)
        timer.start()
        listener = threading.Thread(target=lambda: said.append(end_of(process.stderr)))
        listener.start()
        if process.stdout:
            lines = lines_of(process.stdout)
        _, status, used = os.wait4(process.pid, 0)  # with all the children that it waited for
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        timer.cancel()
        listener.join()
    took = {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": wall,
        "rss_mb": used.ru_maxrss / 1024,
        "lines": lines,
    }
    print(
        json.dumps(
            {
                "code": process.returncode,
                "said": said[0].decode(errors="replace").strip(),
                "run": took,
            }
        )
    )


def lines_of(stream: IO[bytes]) -> int:
    lines = 0
    while block := os.read(stream.fileno(), 1 << 18):
        lines += block.count(b"\n")
    return lines


def end_of(stream: IO[bytes] | None) -> bytes:
    """The last 600 bytes. All is read, because a writer into a full pipe stops."""
    kept = b""
    while stream and (block := os.read(stream.fileno(), 1 << 16)):
        kept = (kept + block)[-600:]
    return kept


if __name__ == "__main__":
    main(*sys.argv[1:])
