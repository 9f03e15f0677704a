"""Command run: a redrive command, and the invocation that carries it out."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.flows.consume.batch_result import Consumed
from shared.values.delivery import Delivery
from shared.values.errors import RowlineError
from shared.values.redrive_command import RedriveCommand, decode_command, is_command


@dataclass(frozen=True)
class CommandRun:
    """See `RedriveCommands.carry_out`. run: the id of the backfill under way."""

    delivery: Delivery
    command: RedriveCommand
    run: str
    time_left: Callable[[], float]
    consumed: Consumed


def command_of(delivery: Delivery) -> RedriveCommand | None:
    """The command of a delivery; None for any other message, which is handled as one."""
    if not is_command(delivery.attributes):
        return None
    try:
        return decode_command(delivery.body)
    except RowlineError:
        return None
