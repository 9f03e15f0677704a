"""Blocking findings: which findings of a check should hold up a deployment."""

from shared.values.finding import Finding
from shared.values.settings import StageSettings


def holds_up(finding: Finding, declared: StageSettings, deployed: StageSettings | None) -> bool:
    """Whether the stanzas are wrong in a way that the deployed ones are not.

    A mistake that runs already, such as a table that lost its key since, keeps no other change
    from being deployed. deployed: None when nothing is.
    """
    if finding.level != "fail" or not finding.stanza:
        return False
    if deployed is None:
        return True
    kind, _, rest = finding.stanza.partition(".")
    name = rest.partition(".")[0]
    if kind == "sources":
        return _of_source(name, finding.table, declared) != _of_source(
            name, finding.table, deployed
        )
    return declared.consumers.get(name) != deployed.consumers.get(name)


def _of_source(name: str, table: str, settings: StageSettings) -> object:
    source = settings.sources.get(name)
    if source is None:
        return None
    return source.tables.get(table) if table else (source.start, source.tables)
