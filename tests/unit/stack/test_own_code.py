"""A service with code of its own, packaged as a user packages it."""

import subprocess
import zipfile
from pathlib import Path

from tests.unit.stack.packaged import ROOT, lint, package

CONSUMERS = """consumers:
  priceAlerts:
    tables: [market.listings]
    operations: [u]
    filter: {changed: [price]}
    handler: consumers/price_alerts.handle
    requirements: consumers/requirements.txt
"""
CODE = """import isodate


def handle(change, context):
    context.log.info(isodate.duration_isoformat(isodate.Duration(months=change.after["price"])))
"""
RUN = """
import os, sys
os.environ["LAMBDA_TASK_ROOT"] = sys.argv[1]
from pathlib import Path
from shared.adapters.own_code import load
from shared.values.settings import load as settings
consumer = settings(Path(sys.argv[1]) / "rowline.json").consumers["priceAlerts"]
import isodate, consumers, msgspec
print(consumer.filter.changed, load(consumer.sink["function"], "").__name__)
print([Path(one.__file__).is_relative_to(sys.argv[1]) for one in (isodate, consumers, msgspec)])
"""


def test_own_code_and_its_packages_ship_with_its_function_alone(tmp_path: Path) -> None:
    folder = tmp_path / "service"
    (folder / "consumers").mkdir(parents=True)
    (folder / "consumers/price_alerts.py").write_text(CODE)
    (folder / "consumers/__init__.py").write_text("")
    (folder / "consumers/requirements.txt").write_text("isodate==0.7.2\npython-dateutil>=2.8\n")
    template = package(folder, "local", edits={"consumers:\n": CONSUMERS})
    lint(folder / ".serverless/cloudformation-template-update-stack.json")
    zips = {
        name: template["Resources"][f"Consume{name}LambdaFunction"]["Properties"]["Code"]["S3Key"]
        for name in ("PriceAlerts", "ListingSearch")
    }
    assert zips["PriceAlerts"].endswith("rowline-consumers-requirements-txt.zip")
    assert zips["ListingSearch"].endswith("/rowline.zip")
    own = folder / ".serverless/rowline-consumers-requirements-txt.zip"
    with zipfile.ZipFile(folder / ".serverless/rowline.zip") as shared:
        assert "consumers/price_alerts.py" in shared.namelist()
        assert "isodate/__init__.py" not in shared.namelist()
    with zipfile.ZipFile(own) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "unpacked")
    assert len(names) == len(set(names))
    assert own.stat().st_size < 10_000_000
    done = subprocess.run(
        [ROOT / ".venv/bin/python", "-S", "-c", RUN, str(tmp_path / "unpacked")],
        cwd=tmp_path / "unpacked",
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path / "unpacked")},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["('price',) handle", "[True, True, True]"]
