"""Move target: whether a server can replace the one that is read, and has the position."""

from collections.abc import Callable, Collection

from shared.adapters.binlog.contract import Binlog
from shared.adapters.database.contract import Database
from shared.domain.preflight import check_source, refused_tables, require
from shared.domain.server_identity import who_answers
from shared.values.errors import ConfigError, PositionLost, SourceError, SourceUnavailable
from shared.values.finding import Finding
from shared.values.position import Position
from shared.values.settings import SourceSettings


def check_target(
    target: Database,
    source: SourceSettings,
    open_now: Callable[[], Database],
    stopped: Collection[str] = (),
) -> list[Finding]:
    """Check that `target` can be read as `source`; returns the tables that stop alone there.

    open_now: connects to the present server, which may no longer exist.
    stopped: tables that are not captured now, so that the target may lack them.

    Raises SourceError for the first problem of the server, or a table that it lacks, and
    SourceUnavailable when it does not answer.
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
            f"has the identity of the server that is read now, {found[0]}: the two "
            "cannot be distinguished.",
            thing="the new server",
            hint=(
                "Give it a server_id of its own (a MySQL that was copied file by file: remove "
                "auto.cnf) and restart it."
            ),
        )
    findings = check_source(target, source)
    refused = refused_tables(findings)
    alone = {*refused, *stopped}
    try:
        require([one for one in findings if one.table not in alone])
    except SourceError as error:
        raise SourceError(
            error.what, thing=f"the new server, {error.thing}", hint=error.hint
        ) from None
    return list(refused.values())


def require_place(target: Binlog, at: Position) -> None:
    """Raise ConfigError if `at`, which a user gave, is not a position in the server's binlog."""
    if not at.file:
        raise ConfigError(
            "is no place of one server.",
            thing=f"--at {at}",
            hint="Write FILE:OFFSET, a place in the new server's binlog.",
        )
    first, end = target.earliest(), target.latest()
    if at.file.rpartition(".")[0] != end.file.rpartition(".")[0] or not (
        at.reaches(first) and end.reaches(at)
    ):
        raise ConfigError(
            f"is not in the binlog of {target.identity()}, which goes from {first} to {end}.",
            thing=f"--at {at}",
            hint="Look it up there.",
        )


def try_reading(target: Binlog, position: Position) -> None:
    """Check that the server sends its binlog from this position on.

    Raises PositionLost if it does not, SourceError if no event begins there.
    """
    try:
        next(iter(target.read(position)), None)
    except PositionLost as error:
        raise PositionLost(
            error.what,
            thing=error.thing,
            hint=(
                "Choose a server that has kept its binlogs (and logs the changes that it "
                "replicates: log_replica_updates, log_slave_updates), or move there by `rowline "
                "source reset` and a backfill."
            ),
        ) from None
