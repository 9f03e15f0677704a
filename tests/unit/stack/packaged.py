"""The service packaged for a stage, as `sls package` leaves it, without credentials."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
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
    "requirements-archive.txt",
    "package.json",
)


VPC = (
    "--param",
    "subnets=subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "--param",
    "securityGroups=sg-0123456789abcdef0",
    "--param",
    "alerts=arn:aws:sns:eu-west-1:111122223333:pager",
    "--param",
    "tracing=0.01",
)
IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/rowline:1.0"
VARIANTS: dict[str, tuple[str, ...]] = {
    "local": ("local",),
    "dev": ("dev",),
    "staging": ("staging",),
    "prod": ("prod",),
    "prod in a VPC": ("prod", *VPC),
    "prod with the archive": ("prod", *VPC),
    "prod as a container": ("prod", *VPC, "--param", f"relayImage={IMAGE}"),
}
"""Name → arguments of `sls package`."""


Packaged = Callable[[str], tuple[Path, dict[str, Any]]]
"""Name of a variant → the folder it was packaged in, and its template."""

CFN_LINT = Path(sys.executable).with_name("cfn-lint")


def lint(*files: Path) -> None:
    """Check templates with cfn-lint."""
    done = subprocess.run(
        [str(CFN_LINT), "--regions", "eu-west-1", "--", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def package_variant(folder: Path, name: str) -> dict[str, Any]:
    """Package one of the variants under `folder`; returns the template."""
    folder.mkdir(parents=True, exist_ok=True)
    edits = {}
    if "container" in name:
        edits = {"    start: latest\n": "    start: latest\n    run: fargate\n"}
    elif "archive" in name:
        stanza = '    archive: {api: "on", infrequentAfter: 90d, via: firehose} '
        edits = {'    archive: "off" ': stanza}
    return package(folder, *VARIANTS[name], edits=edits)


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
