"""Target: whether a server can be the source in place of another."""

from collections.abc import Callable

from shared.adapters.database.contract import Database
from shared.flows.doctor import who_answers
from shared.flows.preflight import check_source, require
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.settings import SourceSettings


def check_target(target: Database, source: SourceSettings, open_now: Callable[[], Database]) -> None:
    """Raises SourceError for the first thing that keeps `target` from being read as `source` (all of its tables), SourceUnavailable when it does not answer.

    `open_now` connects to where the source is now, which may be gone already.
    """
    found = who_answers(target)
    try:
        now = open_now()
        try:
            read = who_answers(now)
        finally:
            now.close()
    except SourceUnavailable:
        read = ()
    if read and read[0] == found[0] and read != found:
        raise SourceError(
            f"has the identity of the server that is read now, {found[0]}: nothing tells them apart.",
            thing="the new server",
            hint="Give it a server_id of its own (a MySQL that was copied file by file: remove auto.cnf) and restart it.",
        )
    try:
        require(check_source(target, source))
    except SourceUnavailable:
        raise
    except SourceError as error:
        raise SourceError(error.what, thing=f"the new server, {error.thing}", hint=error.hint) from None
