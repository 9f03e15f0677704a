"""`make bench`, with a few changes: every part runs and the figures are there. How large they are
is no business of a test.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.readers import LIBRARY_PYTHON
from tests.tier import TIER

ROOT = Path(__file__).resolve().parents[2]
PRINTS = "import os; print(*'x' * int(os.environ['BENCH_CHANGES']), sep='\\n')"


PARTS = ("mariadb", "relay", *(("consumer", "snapshot") if TIER.name == "soak" else ()))
"""Of the benchmark. A consumer's starts an Elasticsearch."""


@pytest.mark.soak
def test_a_quick_run_measures_readers_the_relay_and_a_consumer() -> None:
    words = ["-m", "bench", "--quick"]
    for part in PARTS:
        words += ["--only", part]
    others = [
        f'printer={sys.executable} -c "{PRINTS}"',
        f"short={sys.executable} -c print({{port}})",
        f"gone={sys.executable} -c exit(3)",
    ]
    done = subprocess.run(
        [sys.executable, *words, *(word for other in others for word in ("--reader", other))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 1, done.stderr[-2000:]  # for the readers that fail
    saved = Path(done.stdout.split("All of it: ")[1].strip())
    found = json.loads(saved.read_text())
    saved.unlink()
    readers = {(each["workload"], each["reader"]): each for each in found["readers"]}
    for workload in ("single rows", "many rows a statement"):
        for reader in [
            "rowline tail",
            "printer",
            *(["python-mysql-replication + orjson"] if LIBRARY_PYTHON.exists() else []),
        ]:
            reading = readers[workload, reader]
            assert reading["changes_per_cpu_second"] > 0, reading
            assert reading["rss_mb"] > 5
            assert len(reading["runs"]) == 1
        assert readers[workload, "short"]["failure"] == "printed 1 lines for 2,000 changes."
        assert "ended with code 3" in readers[workload, "gone"]["failure"]
    relay = found["relay"]
    assert relay["aws_calls_per_1000_changes"] > relay["publish_calls_per_1000_changes"] > 0
    assert relay["steady_lag_p99_ms"] >= relay["steady_lag_p50_ms"] > 0
    assert {
        "idle_arrival_to_request_ms",
        "handover_gap_ms",
        "bytes_per_change",
        "changes_per_message",
    } <= relay.keys()
    if "consumer" not in PARTS:
        return
    assert found["snapshot"]["snapshot_rows_per_second"] > 0
    assert found["snapshot"]["snapshot_peak_mb"] > 50
    consumer = found["consumer"]
    for size in (1, 20):
        assert consumer[f"consumer_at_{size}_changes_per_second"] > 0
        assert consumer[f"consumer_to_parallel_bulk_at_{size}"] > 0
        assert consumer[f"consumer_at_{size}_elasticsearch_cpu_us_per_change"] > 0


@pytest.mark.soak
@pytest.mark.skipif(TIER.name != "soak", reason="another deploy; make soak has the time for it")
def test_a_quick_run_measures_a_deployed_stage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only", "stage"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    saved = Path(done.stdout.split("All of it: ")[1].strip())
    found = json.loads(saved.read_text())["stage"]
    saved.unlink()
    assert min(found.values()) > 0
    assert {"package_mb", "consume_import_ms", "relay_import_ms", "status_ms"} <= found.keys()
