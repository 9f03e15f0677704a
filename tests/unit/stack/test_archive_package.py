"""The archive's own zip: small enough, and nothing is missing in it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest

from tests.tier import ONLY_SOAK
from tests.unit.stack.packaged import ROOT, Packaged, package

IMPORTED = (
    "from handlers import archive, history; from shared.adapters.lake.iceberg import IcebergLake"
)
OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "six.py", "dateutil")
"""What Lambda's Python runtime has besides the zip.

Source: Lambda developer guide, "Runtime-included SDK versions".
"""


def test_it_is_below_50_mb_and_the_other_functions_stay_small(packaged: Packaged) -> None:
    folder, _ = packaged("prod with the archive")
    archive = folder / ".serverless/rowline-archive.zip"
    others = folder / ".serverless/rowline.zip"
    assert archive.stat().st_size < 50_000_000
    assert others.stat().st_size < 6_000_000
    with zipfile.ZipFile(others) as zipped:
        assert not [name for name in zipped.namelist() if name.startswith(("pyarrow", "pyiceberg"))]


@pytest.mark.soak
@ONLY_SOAK  # the deployed stack of make test runs the function
def test_its_function_starts_with_what_the_zip_holds(tmp_path: Path) -> None:
    package(tmp_path / "service", "local", "--param", "archive=400d")
    unpacked = tmp_path / "task"
    with zipfile.ZipFile(tmp_path / "service/.serverless/rowline-archive.zip") as zipped:
        zipped.extractall(unpacked)
        assert sum(each.file_size for each in zipped.infolist()) < 250_000_000
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in OF_THE_RUNTIME:
        (runtime / name).symlink_to(Path(boto3.__file__).parents[1] / name)
    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORTED],
        cwd=unpacked,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{unpacked}:{runtime}",
            "ROWLINE_SERVICE": "rowline",
            "ROWLINE_STAGE": "local",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert ROOT not in unpacked.parents
