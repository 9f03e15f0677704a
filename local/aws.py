"""The AWS emulator: ministack with the gaps closed that `local.emulator` lists, in a Python
environment of its own.
"""

import hashlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from local.account import Account
from local.distribution import Progress, install
from local.home import CHECKOUT, home
from local.server import HOST, Server
from shared.values.errors import RowlineError

REGION = "eu-west-1"
REQUIREMENTS = CHECKOUT / "local/requirements-emulator.txt"
# The emulator takes the key `test` for the account's root user: every right, also while it enforces
# IAM for everybody else.
ROOT_KEY = "test"


class Emulator(Server):
    """The emulated AWS, with IAM enforced. Its state survives `stop`, not `kill`: it is written
    when it ends in order.
    """

    kind = "emulator"

    def __init__(
        self,
        folder: Path,
        *,
        account: Account,
        dist: Path,
        log: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(folder, account=account, log=log, progress=progress)
        self._dist = dist

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, for AWS_ENDPOINT_URL. An address, not a name: with a name S3
        puts the bucket before it.
        """
        return f"http://{HOST}:{self.port}"

    def environment(self) -> dict[str, str]:
        """What AWS clients need to talk to it as administrator."""
        return client_environment(self.url)

    def is_ready(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/_ministack/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _prepare(self) -> None:
        self._python = distribution(self._dist, self._progress) / "bin/python"
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)  # unpacked functions of the last run
        for name in ("tmp", "state", "s3"):
            (self.folder / name).mkdir(exist_ok=True)

    def _environment(self) -> dict[str, str]:
        # The functions inherit this environment, so it holds no endpoint, credentials or settings
        # of whoever started it.
        return {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": REGION,
            "AUTH": "true",
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.folder / "s3"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _command(self) -> list[str]:
        # By path, not by module name: the checkout must not come onto the functions' import path.
        return [str(self._python), str(CHECKOUT / "local/emulator/launch.py")]


def client_environment(url: str) -> dict[str, str]:
    """Environment variables that point AWS clients at the emulator at `url`."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def distribution(dist: Path, progress: Progress | None = None) -> Path:
    """The emulator's Python environment, made the first time; another one for other requirements or
    another Python.
    """
    digest = hashlib.sha256(
        REQUIREMENTS.read_bytes() + sys.version.encode() + str(dist).encode()
    ).hexdigest()[:10]

    def fill(folder: Path) -> None:
        if progress:
            progress("emulator: installing ministack")
        # A virtual environment may not be moved in general, but its interpreter and packages work
        # from any place; only the scripts in bin/ name the first one, and none of them is used.
        _run([sys.executable, "-m", "venv", str(folder)])
        pip = [
            str(folder / "bin/python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
        ]
        _run([*pip, "-r", str(REQUIREMENTS)])

    return install(dist, f"emulator-{digest}", fill)


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise RowlineError(
            f"could not be installed: {said[-1] if said else 'no reason given.'}",
            thing="the AWS emulator",
            hint=(
                "Check the network and pip's settings; on Debian the venv module is a package of "
                "its own (apt install python3-venv)."
            ),
        )


def start(folder: Path, *, progress: Progress | None = None) -> Emulator:
    """Start one emulator in `folder`."""
    return Emulator(folder, account=Account(None), dist=home().dist, progress=progress).start()
