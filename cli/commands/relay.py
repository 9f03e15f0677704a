"""`rowline relay`"""

import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.logging import RichHandler

from cli.stage import ServiceOption, StageOption, open_stage
from cli.ui.console import note_console
from cli.ui.progress import LiveLine
from shared.flows.relay.loop import relay
from shared.flows.relay.setup import Ended, RelaySetup
from shared.stage import Stage
from shared.values.seq import split_seq
from shared.values.settings import SourceSettings


def command(
    source: Annotated[
        str | None, typer.Argument(help="The source to relay; may be left out when there is one.")
    ] = None,
    stage: StageOption = "local",
    service: ServiceOption = "",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say what happens inside.")
    ] = False,
) -> None:
    """Relay a source of a deployed stage from here; a relay that runs elsewhere hands over, and
    takes over again afterwards.

    Ctrl-C ends it: what is acknowledged is stored, and the next relay goes on at the exact row.

    Example: `rowline relay shop --stage prod`
    """
    deployed = open_stage(stage, service)
    console = note_console()
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=console)],
    )
    line = LiveLine(console)
    job = foreground(
        deployed, deployed.source(source), lambda figures, _metrics: line.show(line_of(figures))
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: job.stop.set())
    console.print(
        f"Relaying {job.source.name} of {deployed.full_name}; Ctrl-C ends it.",
        markup=False,
    )
    # In a thread of its own: the main one stays free for signals, whatever the database driver
    # waits for.
    ended: list[Ended | BaseException] = []
    thread = threading.Thread(target=lambda: ended.append(_caught(job)))
    with line:
        thread.start()
        while thread.is_alive():
            thread.join(0.2)
    if isinstance(ended[0], BaseException):
        raise ended[0]
    console.print(
        {
            "stopped": "Stopped.",
            "yielded": "Another relay asked for the stream and has it now.",
        }.get(ended[0], f"Ended: {ended[0]}.")
    )
    raise typer.Exit(0 if ended[0] in ("stopped", "yielded") else 1)


def _caught(job: RelaySetup) -> Ended | BaseException:
    try:
        return relay(job)
    except BaseException as error:  # noqa: BLE001 (raised again in the main thread)
        return error


def foreground(
    deployed: Stage,
    source: SourceSettings,
    report: Callable[[dict[str, Any], dict[str, float]], None] = lambda _figures, _metrics: None,
) -> RelaySetup:
    """What a relay in this process works with: it asks a relay that runs elsewhere to yield."""
    return deployed.relay(
        source.name,
        holder=(
            f"{os.environ.get('USER', 'someone')}@{socket.gethostname()} pid {os.getpid()} "
            f"{uuid.uuid4().hex[:8]}"
        ),
        manner="take",
        run="foreground",
        report=report,
        report_seconds=1,
    )


def line_of(figures: dict[str, Any]) -> str:
    """The figures of a relay in one line."""
    if "error" in figures:
        return f"waiting for the source: {figures['error']}"
    if "position" not in figures:
        return "connecting"
    epoch, n = split_seq(figures["seq"])
    requests = (
        f", {figures['requests_per_1000']:g} requests/1,000"
        if "requests_per_1000" in figures
        else ""
    )
    rate = f"{figures['changes_per_second']:,.0f} changes/s{requests}"
    return (
        f"{rate}  lag {figures['lag_ms'] / 1000:.1f}s  read to {figures['read_to']}  seq "
        f"{epoch}:{n:,}"
    )
