"""The AWS emulator: ministack with the gaps closed that `local.emulator` lists.

It runs in a Python environment of its own.
"""

import hashlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local.home import CHECKOUT
from local.install import python_packages
from local.install.distribution import Announce, install
from local.servers.local_server import HOST, LocalServer
from local.servers.server_account import ServerAccount
from shared.values.errors import RowlineError

REGION = "eu-west-1"
REQUIREMENTS = CHECKOUT / "local/emulator/requirements.txt"
# The emulator takes the key `test` for the account's root user: every right, also while it enforces
# IAM for everybody else.
ROOT_KEY = "test"


class Emulator(LocalServer):
    """The emulated AWS, with IAM enforced.

    Its state survives `stop`, not `kill`: the emulator writes it when it ends in order.
    """

    kind = "emulator"
    # It writes its state when it is stopped, and a queue of 70,000 messages took more than 30 s on
    # a busy machine. Killed before the end, a stage would lose its deployment.
    stop_timeout = 180.0

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, account=ServerAccount(None), **options)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, for AWS_ENDPOINT_URL.

        It is an address: before a name S3 would put the bucket's.
        """
        return f"http://{HOST}:{self.port}"

    @property
    def daemon_address(self) -> str:
        """Where its X-Ray daemon listens, in UDP: the same number is free there."""
        return f"{HOST}:{self.port}"

    @property
    def traces(self) -> Path:
        """The file of the segments that the daemon has received, one a line."""
        return self.folder / "traces.jsonl"

    def environment(self) -> dict[str, str]:
        """Variables that let AWS clients talk to it as administrator."""
        return client_environment(self.url)

    def is_ready(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/_ministack/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _prepare(self) -> None:
        self._python = distribution(self.dist, self._announce) / "bin/python"
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
            "AWS_XRAY_DAEMON_ADDRESS": self.daemon_address,
            "TRACES": str(self.traces),
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
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


def distribution(dist: Path, announce: Announce | None = None) -> Path:
    """The folder of the emulator's Python environment, made the first time.

    Other requirements or another Python have another folder.
    """
    digest = hashlib.sha256(
        REQUIREMENTS.read_bytes() + sys.version.encode() + str(dist).encode()
    ).hexdigest()[:10]

    def fill(folder: Path) -> None:
        if announce:
            announce("emulator: installing ministack")
        # A virtual environment may not be moved in general, but its interpreter and packages work
        # from any place; only the scripts in bin/ name the first one, and none of them is used.
        try:
            python_packages.new_environment(folder)
            python_packages.install(
                folder / "bin/python", "--require-hashes", "-r", str(REQUIREMENTS)
            )
        except subprocess.CalledProcessError as failed:
            said = (failed.stderr or failed.stdout).strip().splitlines()
            raise RowlineError(
                f"could not be installed: {said[-1] if said else 'no reason given.'}",
                thing="the AWS emulator",
                hint=(
                    "Check the network and pip's settings; on Debian the venv module is a package "
                    "of its own (apt install python3-venv)."
                ),
            ) from None

    return install(dist, f"emulator-{digest}", fill)
