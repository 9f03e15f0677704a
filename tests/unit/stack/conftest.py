"""The packaged variants, made once for all tests of this folder, by whichever worker is first."""

import json
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.unit.stack.packaged import Packaged, package_variant


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Packaged:
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "packaged"
    shared.mkdir(exist_ok=True)

    def get(variant: str) -> tuple[Path, dict[str, Any]]:
        folder = shared / variant.replace(" ", "-")
        with FileLock(shared / f"{folder.name}.lock"):
            made = shared / f"{folder.name}.json"
            if not made.exists():
                made.write_text(json.dumps(package_variant(folder, variant)))
            return folder, json.loads(made.read_text())

    return get
