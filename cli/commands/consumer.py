"""`rowline consumer`"""

import time
from typing import Annotated

import typer

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import result_console
from cli.ui.whoami import whoami
from shared.flows.consume import pausing
from shared.stage import Stage
from shared.values.counted import counted
from shared.values.gate import Gate
from shared.values.settings import ConsumerSettings

app = typer.Typer(no_args_is_help=True, help="Pause a consumer, resume or reset it.")
NameArgument = Annotated[str, typer.Argument(help="The consumer, as in serverless.yml.")]


@app.command()
def pause(name: NameArgument, stage: StageOption = "local", service: ServiceOption = "") -> None:
    """Stop applying changes; they wait in the queue, for 14 days at most.

    Example: `rowline consumer pause listingSearch --stage prod`
    """
    deployed = open_stage(stage, service)
    consumer = deployed.consumer(name).name
    gate = pausing.pause(deployed.state.gates, consumer, whoami(), int(time.time() * 1000))
    result_console().print(f"{consumer}: paused by {gate.paused}", markup=False)


@app.command()
def resume(name: NameArgument, stage: StageOption = "local", service: ServiceOption = "") -> None:
    """Apply changes again, those that waited first.

    If the gate closed by itself, a probe tries the sink within a minute, and opens it. A gate that
    closed because most changes were refused opens at once.

    Example: `rowline consumer resume listingSearch --stage prod`
    """
    deployed = open_stage(stage, service)
    consumer = deployed.consumer(name)
    gate = pausing.resume(deployed.state.gates, consumer.name, int(time.time() * 1000))
    said = "works"
    if gate.cause:
        said = f"its gate is closed, and a probe tries it within a minute: {gate.reason}"
    _let_flow(deployed, consumer, gate)
    if not consumer.enabled:
        said = "resumed, but off by the stanza: take out `enabled: off`, and deploy"
    deployed.start_drain(consumer.name)
    result_console().print(f"{consumer.name}: {said}", markup=False)


@app.command()
def reset(name: NameArgument, stage: StageOption = "local", service: ServiceOption = "") -> None:
    """Start over with a sink that was replaced or emptied: open the gate, and make all tables due.

    What waits in the queue is applied, then `rowline resync` brings every row. Parked changes stay.

    Example: `rowline consumer reset listingSearch --stage prod`
    """
    deployed = open_stage(stage, service)
    consumer, state = deployed.consumer(name), deployed.state
    gate = pausing.reset(state.gates, state.dues, consumer, whoami(), int(time.time() * 1000))
    _let_flow(deployed, consumer, gate)
    said = f"paused by {gate.paused}" if gate.paused else "works" if consumer.enabled else "off"
    parked = sum(1 for _ in state.parked.all(consumer.name))
    lines = [f"{consumer.name}: {said}; due: {', '.join(consumer.tables)}"]
    if gate.paused:
        lines.append(f"  next: rowline consumer resume {consumer.name}")
    lines.append(f"  next: rowline resync {consumer.name}")
    if parked:
        lines.append(f"  {counted(parked, 'change')} parked: rowline parked list {consumer.name}")
    for line in lines:
        result_console().print(line, markup=False)


def _let_flow(deployed: Stage, consumer: ConsumerSettings, gate: Gate) -> None:
    if gate.is_open and consumer.enabled:
        pausing.let_flow(deployed.functions, deployed.consume_function(consumer.name))
