"""The packaged variants, made once for all tests of this folder."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.stack.packaged import Packaged, package_variant


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    made: dict[str, tuple[Path, dict[str, Any]]] = {}

    def get(variant: str) -> tuple[Path, dict[str, Any]]:
        if variant not in made:
            folder = tmp_path_factory.mktemp("package")
            made[variant] = folder, package_variant(folder, variant)
        return made[variant]

    return get
