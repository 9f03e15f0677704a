"""Folders of the local stage: `.local/` of the checkout, or one under /var/tmp.

The second is for servers that run as another user and cannot reach the first.
"""

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from shared.values.errors import ConfigError, RowlineError

CHECKOUT = Path(__file__).resolve().parents[1]
FALLBACK_PARENT = Path("/var/tmp")  # noqa: S108 survives a reboot, and others may traverse it; see _own_folder
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_RESERVED = {"dist"}


@dataclass(frozen=True)
class Home:
    """The folders of one checkout.

    `record` holds what a person looks at (stage.json, logs); `base` holds distributions and server
    folders. They are the same `.local/` unless the servers run as another user who may not traverse
    the way to the checkout.
    """

    record: Path
    base: Path

    @property
    def dist(self) -> Path:
        """Unpacked servers, shared by all stages of this checkout."""
        return self.base / "dist"

    @property
    def is_elsewhere(self) -> bool:
        return self.base != self.record


def home(checkout: Path = CHECKOUT, *, other_user: bool | None = None) -> Home:
    """The folders of `checkout`, made if they are missing.

    other_user: Servers run as somebody else; by default, if we are root.

    Raises RowlineError if a folder cannot be made or belongs to somebody else.
    """
    record = checkout / ".local"
    _make(record)
    if other_user is None:
        other_user = os.geteuid() == 0
    if other_user and not traversable_by_others(record):
        base = (
            FALLBACK_PARENT / f"rowline-{hashlib.sha256(str(checkout).encode()).hexdigest()[:12]}"
        )
        _own_folder(base)
        return Home(record, base)
    return Home(record, record)


def checked_name(name: str) -> str:
    """Answers `name` if it may name a stage; raises ConfigError if not.

    It becomes a folder, so it has no separators and no dots.
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise ConfigError(
            "cannot name a stage.",
            thing=repr(name),
            hint="Use up to 31 lower-case letters, digits and hyphens, and not the name dist.",
        )
    return name


def traversable_by_others(folder: Path) -> bool:
    """Whether any user may walk down to `folder` and into it."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (folder, *folder.parents))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(
                0o755
            )  # whatever the umask: a server that runs as another user walks through here
    except PermissionError:
        raise RowlineError(
            "cannot be written by this user.",
            thing=str(folder),
            hint="Run as the user who made it, or remove it as that user.",
        ) from None


def _own_folder(folder: Path) -> None:
    # Anybody may write to /var/tmp and its names can be guessed: take only a real folder that is
    # ours.
    _make(folder)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise RowlineError(
            "is not a folder of this user.",
            thing=str(folder),
            hint="Remove it, or move the checkout out of a closed folder.",
        )
