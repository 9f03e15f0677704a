"""Runs a script on the emulator's own interpreter."""

import subprocess

from local.home import CHECKOUT, home
from local.servers.emulator import distribution


def run_in_emulator(script: str) -> None:
    """The script finds the checkout in its first argument; it must succeed."""
    python = distribution(home().dist) / "bin/python"
    done = subprocess.run(
        [python, "-c", script, str(CHECKOUT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
