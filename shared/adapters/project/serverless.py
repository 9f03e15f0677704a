"""Asks the Serverless Framework what a folder's stanzas say: it resolves their variables."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from shared.values.declaration import Declaration, read_declaration
from shared.values.errors import ConfigError

_TIMEOUT = 60.0


def declaration_of(folder: Path, stage: str) -> Declaration:
    """The stanzas of serverless.yml for a stage. Raises ConfigError when they cannot be read."""
    file = folder / "serverless.yml"
    if not file.is_file():
        raise ConfigError(
            "is not here.", thing=str(file), hint="Run this in the folder that you deploy from."
        )
    installed = folder / "node_modules/.bin/sls"
    program = str(installed) if installed.exists() else shutil.which("sls")
    if program is None:
        raise ConfigError(
            "is not installed.", thing="the Serverless Framework", hint="Run `npm ci` here."
        )
    with tempfile.TemporaryDirectory(prefix="rowline-check-") as own:
        out = Path(own) / "stanzas.json"
        words = [program, "rowline", "stanzas", "--stage", stage, "--out", str(out)]
        try:
            done = subprocess.run(
                words, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            raise ConfigError(
                f"did not answer within {_TIMEOUT:.0f} s.",
                thing="sls rowline stanzas",
                hint="Try `npx sls print`: is a variable of serverless.yml waiting for AWS?",
            ) from None
        if not out.exists():
            words_of_sls = _last_words(done.stderr) or _last_words(done.stdout)
            raise ConfigError(
                f"cannot be read. {words_of_sls or 'sls ended without a word.'}",
                thing=str(file),
                hint="Correct that, then run this again.",
            )
        return read_declaration(out.read_bytes())


def _last_words(text: str) -> str:
    """What sls says, without its decoration and its advice about support."""
    lines = [line.strip() for line in text.splitlines()]
    told = [line for line in lines if line and not line.startswith(("Environment", "Docs", "1 "))]
    return " ".join(told[:6])
