"""`rowline relay`"""

import logging
import os
import socket
import uuid
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.logging import RichHandler

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import note_console
from cli.ui.progress_line import LiveLine
from shared.flows.relay.relay_loop import relay
from shared.flows.relay.relay_setup import RelaySetup
from shared.flows.relay.stop_signals import until_signalled
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
        bool, typer.Option("--verbose", "-v", help="Log what the relay does.")
    ] = False,
) -> None:
    """Relay a source of a deployed stage from here.

    A relay that runs elsewhere hands over, and takes over again afterwards. Ctrl-C ends this one:
    what is acknowledged is stored, and the next relay continues at the exact row.

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
    setup = foreground(
        deployed, deployed.source(source), lambda figures, _metrics: line.show(line_of(figures))
    )
    console.print(
        f"Relaying {setup.source.name} of {deployed.full_name}; Ctrl-C ends it.",
        markup=False,
    )
    with line:
        ended = until_signalled(lambda: relay(setup), setup.stop)
    console.print(
        {
            "stopped": "Stopped.",
            "yielded": "Another relay asked for the stream and has it now.",
        }.get(ended, f"Ended: {ended}.")
    )
    raise typer.Exit(0 if ended in ("stopped", "yielded") else 1)


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
