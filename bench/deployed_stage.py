"""A deployed stage: how long `rowline status` takes, how large and how quick its functions are."""

import subprocess
import sys
import time
import zipfile
from pathlib import Path
from statistics import median

from bench.say import Say
from local import local_stage
from local.demo import marketplace
from shared.values.errors import RowlineError
from tests.integration.stack.project import Project
from tests.unit.stack.packaged import package

# Lambda has loaded botocore when it imports a handler: it is part of the runtime.
_IMPORT = """
import time, boto3
began = time.perf_counter()
import handlers.{handler}
print(time.perf_counter() - began)
"""
_VARIABLES = {
    "ROWLINE_SERVICE": "rowline",
    "ROWLINE_STAGE": "bench",
    "ROWLINE_CONSUMER": "listingSearch",
    "ROWLINE_STREAM": "shop",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


def figures(folder: Path, times: int, say: Say) -> dict[str, float]:
    """Every figure by its name.

    times: How often each thing is measured; the median counts.
    """
    say("stage: packaging")
    package(folder / "package", "local")
    file = folder / "package/.serverless/rowline.zip"
    found = {"package_mb": file.stat().st_size / 1e6}
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / "function")
        found["package_unpacked_mb"] = sum(each.file_size for each in archive.infolist()) / 1e6
    for handler in ("consume", "relay"):
        say(f"stage: importing the {handler} function {times} times")
        seconds = [_import(folder / "function", handler) for _ in range(times)]
        found[f"{handler}_import_ms"] = 1000 * median(seconds)
    return found | {"status_ms": 1000 * _status(folder, times, say)}


def _import(function: Path, handler: str) -> float:
    """Seconds that a fresh process needs to import a function's handler from its package."""
    path = f"import sys; sys.path.insert(0, {str(function)!r})"
    done = subprocess.run(
        [sys.executable, "-c", path + _IMPORT.format(handler=handler)],
        cwd=function,
        env={**_VARIABLES, "LAMBDA_TASK_ROOT": str(function), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RowlineError(f"cannot be imported: {said}", thing=f"handlers.{handler}")
    return float(done.stdout)


def _status(folder: Path, times: int, say: Say) -> float:
    """Seconds of `rowline status` as a person starts it, on a stage of our own."""
    stage = local_stage.up(f"bench-{folder.name}", announce=say, environ={})
    try:
        with stage.server("mariadb").connect() as connection:  # type: ignore[attr-defined]
            marketplace.create(connection)  # the deployment compares the stanzas with the tables
        say("stage: deploying")
        # Python keeps the modules of the first command compiled, unless a variable forbids it.
        environment = {**stage.environment(), "PYTHONDONTWRITEBYTECODE": ""}
        project = Project(folder / "project", environment)
        project.run("sls", "deploy", "--stage", "local")
        project.run("rowline", "status", "--stage", "local", check=False)
        say(f"stage: rowline status {times} times")
        seconds = []
        for _ in range(times):
            began = time.monotonic()
            project.run("rowline", "status", "--stage", "local", check=False)
            seconds.append(time.monotonic() - began)
        return median(seconds)
    finally:
        stage.down(purge=True)
