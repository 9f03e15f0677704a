"""Programs of another Debian release, unpacked with their libraries into one folder.

This needs no root and installs nothing. apt and dpkg-deb do the work, on lists and a cache of their
own; apt checks the archive's signature as it does for the system.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from shared.values.errors import RowlineError

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TOOLS = ("apt-get", "dpkg-deb", "dpkg")
_MIRROR = re.compile(r"\bhttps?://\S+/debian/?(?=\s|$)")


def unpack(package: str, release: str, folder: Path) -> str:
    """Unpack `package` of `release` and its dependencies into `folder`; answers the version.

    The mirror is that of this machine's apt, or the one that ROWLINE_DEBIAN_MIRROR names. Raises
    RowlineError if this is no Debian or the mirror does not answer.
    """
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    if missing or not _KEYRING.exists():
        raise RowlineError(
            f"needs Debian's {missing[0] if missing else _KEYRING.name}.", thing=package
        )
    apt = folder / ".apt"
    environment = {**os.environ, "APT_CONFIG": str(_configure(apt, release)), "LC_ALL": "C"}
    _run(["apt-get", "-q", "update"], environment, package)
    _run(["apt-get", "-q", "-y", "--download-only", "install", package], environment, package)
    archives = sorted((apt / "cache/archives").glob("*.deb"))
    for archive in archives:
        _run(["dpkg-deb", "-x", str(archive), str(folder)], environment, package)
    version = next(
        archive.name.split("_")[1] for archive in archives if archive.name.startswith(f"{package}_")
    )
    shutil.rmtree(apt)
    return version


def command(folder: Path, program: str) -> list[str]:
    """The command that runs `folder/program` with the libraries of `folder`, not the system's."""
    loader = next(folder.glob("usr/lib/*/ld-linux-*.so.*"))
    return [str(loader), "--library-path", str(loader.parent), str(folder / program)]


def _configure(apt: Path, release: str) -> Path:
    for name in ("lists/partial", "cache/archives/partial", "etc"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()  # nothing is installed, so the dependencies come too
    mirror = os.environ.get("ROWLINE_DEBIAN_MIRROR") or _mirror()
    (apt / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {mirror} {release} main\n")
    config = apt / "apt.conf"
    config.write_text(
        f'Dir "{apt}";\n'
        f'Dir::State "{apt}";\nDir::State::lists "{apt}/lists";\nDir::State::status '
        f'"{apt}/status";\n'
        f'Dir::Cache "{apt}/cache";\n'
        f'Dir::Etc "{apt}/etc";\nDir::Etc::sourcelist '
        f'"{apt}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
        'APT::Install-Recommends "false";\n'
        'APT::Sandbox::User "";\n'
        'Debug::NoLocking "true";\n'
        'Acquire::Languages "none";\n'
        # As debootstrap: a mirror that is behind serves old packages, still signed.
        'Acquire::Check-Valid-Until "false";\n'
    )
    return config


def _mirror(sources: Path = Path("/etc/apt")) -> str:
    """The first Debian archive in the sources of this machine's apt."""
    for file in (sources / "sources.list", *sorted(sources.glob("sources.list.d/*"))):
        lines = file.read_text().splitlines() if file.is_file() else []
        for line in lines:
            if not line.lstrip().startswith("#") and (found := _MIRROR.search(line)):
                return found[0].rstrip("/")
    raise RowlineError(
        "finds no Debian archive in the sources of apt.",
        thing="mysql-server-core",
        hint="Name one in ROWLINE_DEBIAN_MIRROR.",
    )


def _run(command: list[str], environment: dict[str, str], package: str) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = [
            line for line in done.stderr.splitlines() if line.startswith("E:")
        ] or done.stderr.splitlines()
        raise RowlineError(
            f"could not be unpacked: {said[0] if said else 'no reason given.'}",
            thing=package,
            hint="Check the network; ROWLINE_DEBIAN_MIRROR names another mirror.",
        )
