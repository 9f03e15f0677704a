"""`rowline source move`"""

from typing import Annotated

import msgspec
import typer

from cli.commands.relay import foreground
from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import note_console
from cli.ui.json_option import JsonOption
from cli.ui.progress_line import LiveLine
from cli.ui.source_address import endpoint_of, is_address
from shared.adapters.database.sql import SqlDatabase
from shared.flows.relay.reading.connecting import opener
from shared.flows.source.move import Move, move_all
from shared.flows.source.move_readiness import Readiness
from shared.flows.source.move_target import check_target
from shared.stage import Stage
from shared.values.errors import ConfigError
from shared.values.position import Position
from shared.values.settings import SourceSettings
from shared.values.source_endpoint import SourceEndpoint


def command(
    source: Annotated[
        str | None, typer.Argument(help="The source; may be left out when there is one.")
    ] = None,
    to: Annotated[
        str, typer.Option("--to", help="The new server: mysql://USER@HOST:PORT or secret:NAME.")
    ] = "",
    at: Annotated[
        str,
        typer.Option("--at", help="The position there, FILE:OFFSET; only without GTIDs."),
    ] = "",
    apply: Annotated[
        bool,
        typer.Option(
            "--apply", help="Do it, as soon as nothing is in the way; otherwise only look."
        ),
    ] = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Move a source with all its relays to another server. Without --apply it only looks.

    For an upgrade, blue/green or a new host. Without --apply the exit code is 1 when something must
    be done first. Ctrl-C while it waits changes nothing.

    Example: `rowline source move shop --to secret:rowline/prod/green --stage prod`
    """
    if not is_address(to):
        raise ConfigError(
            "is no address.",
            thing=f"--to {to}".strip(),
            hint="Write mysql://USER@HOST:PORT or secret:NAME.",
        )
    place = Position.parse(at) if at else None
    deployed = open_stage(stage, service)
    source = source or deployed.only_source()
    named = deployed.source(source)
    first = deployed.source(named.relay_of or named.name)
    endpoint = endpoint_of(to)
    _check(deployed, deployed.settings.whole(first), endpoint)
    waiting = LiveLine(note_console())
    moves = [
        _move(deployed, relay, endpoint, place, waiting)
        for relay in (first, *deployed.settings.siblings(first))
    ]
    found = [move.look() for move in moves]  # all of them before anything is done
    if apply:
        with waiting:
            found = move_all(moves)
    if as_json:
        typer.echo(
            msgspec.json.encode(
                {"source": first.name, "to": str(endpoint), "applied": apply, "streams": found}
            ).decode()
        )
    else:
        for readiness in found:
            typer.echo(told(readiness, applied=apply))
        typer.echo(_next(found, first, endpoint, applied=apply))
    raise typer.Exit(0 if apply or not any(readiness.waits_for for readiness in found) else 1)


def told(readiness: Readiness, *, applied: bool) -> str:
    """How ready a stream is to move, or that it has moved, in one line."""
    if readiness.way == "there":
        return (
            f"{readiness.stream}: is read from {readiness.target} already, up to "
            f"{readiness.published}."
        )
    ways = (
        f"{readiness.stream}: {readiness.server} → {readiness.target}, published up to "
        f"{readiness.published}"
    )
    if not readiness.waits_for:
        return f"{ways}, {'continues' if applied else 'would continue'} at {readiness.place}."
    if readiness.way == "place":
        return (
            f"{ways}, which is not yet the end of the old server's binlog, {readiness.waits_for}."
        )
    rows = ", ".join(f"{name} {count:,}" for name, count in readiness.rows.items())
    also = [
        *([f"rows read again {rows}"] if rows else []),
        *([f"to verify {', '.join(readiness.verify)}"] if readiness.verify else []),
    ]
    return (
        f"{ways}; {readiness.target} still lacks {readiness.waits_for}. If it took over now: "
        f"{'; '.join(also) or 'no captured row is touched'}."
    )


def _awaited(readiness: Readiness) -> str:
    idle = (
        ""
        if readiness.holder or readiness.way == "gtids"
        else "; no relay runs now that could publish it"
    )
    return (
        f"{readiness.stream}: published up to {readiness.published}, waiting for "
        f"{readiness.waits_for}{idle}"
    )


def _next(
    found: list[Readiness], source: SourceSettings, endpoint: SourceEndpoint, *, applied: bool
) -> str:
    into = (
        f"put host {endpoint.host} and port {endpoint.port}, and its account, into secret "
        f"{source.secret}"
    )
    if all(readiness.way == "there" for readiness in found):
        return f"Unless it is done: {into}."
    if any(readiness.way == "place" for readiness in found):
        return (
            f"Now {into}: the relay continues there within a minute."
            if applied
            else f"Next: the same with --apply. Then {into}."
        )
    if applied:
        return "The relay connects there within a minute."
    if any(readiness.waits_for for readiness in found):
        return "Wait until replication has caught up, and look again."
    return (
        f"Next: stop the writers, {into}, then the same with --apply: the relay then "
        "connects there at once."
    )


def _check(deployed: Stage, whole: SourceSettings, endpoint: SourceEndpoint) -> None:
    database = SqlDatabase(endpoint)
    try:
        loaded = [deployed.state.streams.load(name)[1] for name in _streams(whole)]
        stopped = {name for point in loaded if point for name in point.whole.stopped}
        alone = check_target(database, whole, lambda: deployed.database(whole.name), stopped)
    finally:
        database.close()
    for one in alone:
        note_console().print(
            f"{one.thing} {one.what}: it stops alone there. {one.fix}", markup=False
        )


def _streams(whole: SourceSettings) -> set[str]:
    return {whole.stream, *whole.elsewhere.values()}


def _move(
    deployed: Stage,
    relay: SourceSettings,
    endpoint: SourceEndpoint,
    place: Position | None,
    waiting: LiveLine,
) -> Move:
    connect = opener(lambda: endpoint, f"{deployed.full_name}/{relay.name}/move")
    return Move(
        foreground(deployed, relay),
        lambda: connect(relay.tables, 0),
        place,
        lambda readiness: waiting.show(_awaited(readiness)),
    )
