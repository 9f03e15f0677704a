"""Asked parking: a person has a change parked that its sink neither takes nor refuses.

A receiver that answers 500 for one change holds that change's message group: the runtime takes the
answer for an outage, and cannot know better. The ids are in the gate, which each batch reads.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from shared.adapters.state.gates import Gates
from shared.domain.sink import Outcome
from shared.flows.consume.batch import Opened
from shared.flows.consume.pausing import change_gate
from shared.values.errors import ConfigError
from shared.values.gate import Gate

MOST_ASKED = 20
"""Ids that a gate keeps, the newest: each batch reads them, also long after they were parked."""

MOST_CHARACTERS = 300


def ask_to_park(gates: Gates, consumer: str, id: str, by: str) -> Gate:
    """Have a change parked when the consumer receives it next. Raises ConfigError.

    id: the change's. by: who asks.
    """
    if not id.strip() or len(id) > MOST_CHARACTERS:
        raise ConfigError(
            "is no id of a change.",
            thing=repr(id[:MOST_CHARACTERS]),
            hint="The log of the consumer's function names the changes that failed.",
        )

    def asked(gate: Gate) -> Gate:
        others = [(other, who) for other, who in gate.to_park.items() if other != id]
        return replace(gate, to_park=dict([*others, (id, by)][-MOST_ASKED:]))

    return change_gate(gates, consumer, asked)


def refuse_asked(opened: Iterable[Opened], gate: Gate) -> None:
    """Refuse the live changes that a person wants parked, before the sink is asked."""
    if not gate.to_park:
        return
    for one in opened:
        for piece in one.pieces if one.lane == "live" else ():
            if piece.change is not None and piece.outcome is None:
                by = gate.to_park.get(piece.change.id)
                if by is not None:
                    piece.outcome = Outcome("refused", f"Asked: by {by}", asked=False)
