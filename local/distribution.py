"""Programs fetched once for a checkout: unpacked beside their place and renamed into it, so a
half-unpacked folder never counts.
"""

import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from local.lock import exclusive
from shared.values.errors import RowlineError

Progress = Callable[[str], None]


def install(dist: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """The folder `dist/name`, which `fill(empty folder)` makes the first time.

    Of several processes one fills and the others wait for it. If that one is killed, what it left
    is removed by the next. The folder is readable for everyone, whatever the umask: as root its
    programs run as another user.
    """
    place = dist / name
    if place.is_dir():
        return place
    dist.mkdir(parents=True, exist_ok=True)
    with exclusive(dist / f"{name}.lock"):
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
    """Unpack the members under the folder `below` of a zip, with their permissions. Raises
    RowlineError for a member that points outside.
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
