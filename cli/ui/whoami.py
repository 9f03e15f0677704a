"""Who runs a command, for jobs and their records."""

import getpass
import socket


def whoami() -> str:
    """`ann@desk`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no such user id in a container
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
