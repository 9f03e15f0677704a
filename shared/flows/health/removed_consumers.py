"""Removed consumers: what a deployment would lose that removes or renames a consumer."""

from shared.flows.health.gathering_facts import HealthParts
from shared.values.counted import counted
from shared.values.errors import RowlineError
from shared.values.finding import Finding
from shared.values.settings import StageSettings


def check_removed_consumers(declared: StageSettings, deployed: HealthParts) -> list[Finding]:
    """A finding for each deployed consumer without a stanza that still has changes to apply.

    Its queue is deleted with it, and nothing could redrive its parked changes.
    """
    found: list[Finding] = []
    for name in deployed.settings.consumers.keys() - declared.consumers.keys():
        try:
            left = _left(name, deployed)
        except RowlineError as error:
            what = f"was not examined before its removal: {error.thing}: {error.what}"
            found.append(Finding(f"consumer {name}", "warn", what.rstrip("."), error.hint))
            continue
        if left:
            what = f"has no stanza any more, but {' and '.join(left)}"
            fix = (
                "Let its queue drain, and redrive or drop its parked changes; then remove it. It "
                "cannot be renamed: a new name begins without them. To lose them on purpose, "
                "deploy once with custom.rowline.check: report."
            )
            found.append(Finding(f"consumer {name}", "fail", what, fix, stanza=f"consumers.{name}"))
    return sorted(found, key=lambda one: one.thing)


def _left(name: str, deployed: HealthParts) -> list[str]:
    waiting = sum(deployed.queue(name).depth())
    parked = sum(1 for _ in deployed.state.parked.all(name))
    left = []
    if waiting:
        left.append(f"{counted(waiting, 'message')} in its queue would be lost")
    if parked:
        left.append(f"{counted(parked, 'parked change')} could not be redriven")
    return left
