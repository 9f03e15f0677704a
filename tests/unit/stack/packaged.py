"""The service packaged for a stage, as `sls package` leaves it, without credentials."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PARTS = (
    "handlers",
    "shared",
    "plugins",
    "resources",
    "serverless.yml",
    "requirements.txt",
    "package.json",
)


def package(
    folder: Path, stage: str, *words: str, edits: dict[str, str] | None = None
) -> dict[str, Any]:
    """Package in a copy of the project under `folder`, with `edits` made in its serverless.yml;
    returns the template.
    """
    ignore = shutil.ignore_patterns("__pycache__", "test")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=ignore)
        else:
            shutil.copy2(ROOT / part, folder / part)
    service = folder / "serverless.yml"
    for before, after in (edits or {}).items():
        assert before in service.read_text()
        service.write_text(service.read_text().replace(before, after))
    (ROOT / ".rowline-build").mkdir(exist_ok=True)
    for shared in (
        "node_modules",
        ".venv",
        ".rowline-build",
    ):  # what is installed once serves all copies
        (folder / shared).symlink_to(ROOT / shared)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [str(ROOT / "node_modules/.bin/sls"), "package", "--stage", stage, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(
        json.loads((folder / ".serverless/cloudformation-template-update-stack.json").read_text())
    )
