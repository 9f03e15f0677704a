"""What sls says when it cannot read serverless.yml reaches whoever ran the command."""

from pathlib import Path

import pytest

from shared.adapters.project.serverless import declaration_of
from shared.values.errors import ConfigError

ENVIRONMENT = "Environment: linux, node 20, osls 4.3.1 (local)\nDocs:        github.com/osls\n"
YAML = 'Error:\nCannot parse "serverless.yml": bad indentation (42:17)\n'


@pytest.mark.parametrize(
    ("stdout", "stderr", "said"),
    [
        (YAML, ENVIRONMENT, "bad indentation (42:17)"),
        ("", f"Error: sources.shop is wrong\n{ENVIRONMENT}", "sources.shop is wrong"),
        ("", ENVIRONMENT, "sls ended without a word."),
    ],
)
def test_the_error_of_sls_is_shown(tmp_path: Path, stdout: str, stderr: str, said: str) -> None:
    (tmp_path / "serverless.yml").write_text("service: x\n")
    (tmp_path / "out").write_text(stdout)
    (tmp_path / "err").write_text(stderr)
    sls = tmp_path / "node_modules/.bin/sls"
    sls.parent.mkdir(parents=True)
    sls.write_text(f"#!/bin/sh\ncat {tmp_path}/out; cat {tmp_path}/err >&2; exit 1\n")
    sls.chmod(0o755)
    with pytest.raises(ConfigError) as raised:
        declaration_of(tmp_path, "local")
    assert said in str(raised.value)
