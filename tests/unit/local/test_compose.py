"""compose.yaml and docs/local.md describe the same servers. Docker is not needed to know that."""

import re
from pathlib import Path

import yaml

from local.servers import elasticsearch_server
from local.servers.emulator import Emulator
from local.servers.local_server import ServerRecord
from shared.values import source_endpoint

ROOT = Path(__file__).resolve().parents[3]
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
EXPORTS = dict(
    re.findall(r"^\$ export (\w+)='([^']+)'$", (ROOT / "docs/local.md").read_text(), re.MULTILINE)
)


def test_documented_source_is_the_composed_mysql():
    source = source_endpoint.parse(EXPORTS["ROWLINE_SOURCE"])
    mysql = SERVICES["mysql"]
    assert mysql["ports"] == [f"{source.host}:{source.port}:3306"]
    assert (source.user, source.password) == ("root", mysql["environment"]["MYSQL_ROOT_PASSWORD"])
    assert {
        "--binlog-format=ROW",
        "--binlog-row-image=FULL",
        "--binlog-row-metadata=FULL",
        "--gtid-mode=ON",
    } <= set(mysql["command"])


def test_documented_elasticsearch_is_the_composed_one():
    service = SERVICES["elasticsearch"]
    assert EXPORTS["ROWLINE_ELASTICSEARCH"] == "http://" + service["ports"][0].removesuffix(":9200")
    assert service["image"].endswith(f":{elasticsearch_server.VERSION}")


def test_composed_emulator_has_the_environment_of_the_embedded_one(tmp_path):
    service = SERVICES["emulator"]
    embedded = Emulator(tmp_path, dist=tmp_path)
    embedded._write(ServerRecord(port=4566, password=""))
    own = {"HOME", "TMPDIR"}
    assert set(service["environment"]) == set(embedded._environment()) - own
    paths = {"STATE_DIR", "S3_DATA_DIR", "TRACES"}
    assert {k: v for k, v in service["environment"].items() if k not in paths} == {
        k: v for k, v in embedded._environment().items() if k not in own | paths
    }
    assert EXPORTS["AWS_ENDPOINT_URL"] == embedded.url


def test_composed_emulator_runs_what_is_in_the_checkout():
    for path in re.findall(r"/rowline/(\S+)", SERVICES["emulator"]["command"][-1]):
        assert (ROOT / path).is_file()


def test_nothing_listens_beyond_this_machine():
    for name, service in SERVICES.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert "ports" in service or service["environment"]["BIND_HOST"] == "127.0.0.1"
