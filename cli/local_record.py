"""The running local stage as a deployed stage sees it: the variables that lead to its servers.

`rowline local up` writes them to `.local/stage/stage.json` of the checkout. They are read here, so
that no command but `rowline local` loads the code that runs servers.
"""

import json
import re
from collections.abc import MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

from shared.values.errors import ConfigError, RowlineError

RECORD = Path(__file__).resolve().parents[1] / ".local/stage/stage.json"

_AWS = re.compile(
    r"(^|\.)(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)$", re.IGNORECASE
)
"""Hosts of AWS itself. Source: AWS general reference, "AWS service endpoints"."""

_MISLEADING = re.compile(
    "AWS_(ENDPOINT_URL_.+|IGNORE_CONFIGURED_ENDPOINT_URLS|PROFILE|DEFAULT_PROFILE)"
)
"""Variables that lead a client elsewhere than AWS_ENDPOINT_URL says, or to other credentials.

Source: AWS SDKs and Tools reference guide, "Service-specific endpoints".
"""


def environment(record: Path = RECORD) -> dict[str, str]:
    """Variables that point AWS clients and Rowline at the local stage; they hold a password.

    Raises RowlineError if it is not up.
    """
    try:
        return dict(json.loads(record.read_text())["environment"])
    except (FileNotFoundError, KeyError):
        raise RowlineError(
            "is not up.", thing="the local stage", hint="Start it with `rowline local up`."
        ) from None


def enter(environ: MutableMapping[str, str], record: Path = RECORD) -> None:
    """Point a process at the local stage, so that no call of it can reach AWS.

    AWS_ENDPOINT_URL may name another emulator; without it the running local stage is used, with
    its credentials in place of those of the shell. Raises RowlineError when there is none, and
    ConfigError when AWS_ENDPOINT_URL names AWS.
    """
    for name in [name for name in environ if _MISLEADING.fullmatch(name)]:
        del environ[name]
    url = environ.get("AWS_ENDPOINT_URL", "")
    if _AWS.search(urlsplit(url).hostname or ""):
        raise ConfigError(
            f"is {url}, which is AWS. The stage `local` runs on this machine only.",
            thing="AWS_ENDPOINT_URL",
            hint="Unset it, or name another stage with --stage.",
        )
    if url:
        return
    for name, value in environment(record).items():
        if name.startswith("AWS_"):
            environ[name] = value
        else:
            environ.setdefault(name, value)
