"""A local server that meets what a killed process has left is started again."""

from pathlib import Path
from typing import Any

import pytest

from local.servers.search_server import SearchServer
from shared.values.errors import RowlineError

REFUSED = "at sun.tools.attach.VirtualMachineImpl.checkPermissions(Native Method)"


class Attaching(SearchServer):
    """A process that ends with a message so many times, and then stays."""

    kind = "attaching"

    def __init__(self, folder: Path, says: str, times: int) -> None:
        super().__init__(folder)
        self._says, self._left = says, times

    def _configure(self, config: Path, settings: dict[str, Any]) -> dict[str, Any]:
        return settings

    def _prepare(self) -> None:
        pass

    def _command(self) -> list[str]:
        self._left -= 1
        if self._left >= 0:
            return ["sh", "-c", f"echo '{self._says}'; exit 1"]
        return ["sleep", "60"]

    def is_ready(self) -> bool:
        return self._left < 0 and self.pid is not None


def test_a_leftover_of_another_process_is_met_once(tmp_path: Path) -> None:
    server = Attaching(tmp_path, REFUSED, times=1).start()
    try:
        assert server.pid is not None
    finally:
        server.kill()


@pytest.mark.parametrize(("says", "times"), [("out of memory", 1), (REFUSED, 99)])
def test_what_is_no_leftover_or_stays_is_told(tmp_path: Path, says: str, times: int) -> None:
    with pytest.raises(RowlineError, match="ended"):
        Attaching(tmp_path, says, times).start()
