"""Programs fetched once for a checkout.

Each is unpacked beside its place and renamed into it: a half-unpacked folder never counts.
"""

import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from filelock import FileLock

from shared.values.errors import RowlineError

Announce = Callable[[str], None]
"""Called with a line for the user when something takes time."""


def install(dist: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """The folder `dist/name`, made the first time.

    fill: Fills the empty folder that it is given. Of several processes one fills and the others
        wait for it. If that one is killed, the next removes what it left.

    The folder is readable for everyone, whatever the umask: as root its programs run as another
    user.
    """
    place = dist / name
    if place.is_dir():
        return place
    dist.mkdir(parents=True, exist_ok=True)
    with FileLock(dist / f"{name}.lock"):
        if place.is_dir():
            return place
        for left in dist.glob(f".{name}-*"):
            shutil.rmtree(left)
        filling = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=dist))
        fill(filling)
        _open_to_all(filling)
        filling.rename(place)
    return place


def unzip(
    archive: Path, into: Path, *, below: str = "", wanted: Callable[[str], bool] = lambda _: True
) -> None:
    """Unpack a zip, with its permissions.

    below: The folder in the zip whose members are wanted; it is left out of their names.
    wanted: Whether the member of this name is wanted.

    Raises RowlineError for a member that points outside.
    """
    with zipfile.ZipFile(archive) as zipped:
        for member in zipped.infolist():
            if (
                member.is_dir()
                or not member.filename.startswith(below)
                or not wanted(member.filename.removeprefix(below))
            ):
                continue
            target = inside(into, member.filename.removeprefix(below))
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            if mode := member.external_attr >> 16 & 0o777:
                target.chmod(mode)


def inside(folder: Path, name: str) -> Path:
    """`folder/name`, refused (RowlineError) where that would lie outside `folder`."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise RowlineError(
            "points outside the folder it is unpacked into.", thing=f"archive member {name!r}"
        )
    return folder / path


def _open_to_all(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        os.chmod(parent, 0o755)  # noqa: S103 programs, nothing to hide
        for file in files:
            path = os.path.join(parent, file)
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode):
                os.chmod(path, stat.S_IMODE(mode) | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))
