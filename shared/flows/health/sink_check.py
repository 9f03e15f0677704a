"""Sink check: whether a consumer's sink can take its tables."""

from shared.domain.sink import Target
from shared.flows.health.declared_stage import DeclaredStage, not_asked
from shared.flows.health.filter_check import check_filter
from shared.flows.health.own_code_check import check_own_code
from shared.flows.health.source_check import Tables
from shared.values.counted import counted
from shared.values.did_you_mean import did_you_mean
from shared.values.errors import ConfigError, RowlineError
from shared.values.finding import Finding
from shared.values.settings import ConsumerSettings
from shared.values.table_pattern import matches


def check_consumer(
    asked: DeclaredStage,
    consumer: ConsumerSettings,
    tables: Tables,
    owners: dict[tuple[str, str], str],
) -> list[Finding]:
    """Compare a consumer with the tables that reach it and with its sink.

    owners: system and place in it to the consumer that writes there; grows by this one's.
    """
    stanza = f"consumers.{consumer.name}"
    received = [table for name, table in tables.items() if consumer.wants(*name.split(".", 1))]
    findings = [
        Finding(
            f"{stanza}.tables",
            "fail",
            f"names {pattern}, which is no table of the database",
            f"{did_you_mean(pattern, tables)}Correct it, or create the table.",
            stanza=f"{stanza}.tables[{number}]",
        )
        for number, pattern in enumerate(consumer.tables)
        if tables and not any(matches(pattern, *name.split(".", 1)) for name in tables)
    ]
    findings += [*check_filter(consumer, received), *check_own_code(consumer)]
    try:
        examiner = asked.examiner(consumer.name)
        if examiner is None:
            return findings
        findings += examiner.compare(received)
        captured = asked.settings.source_of(consumer).tables
        names = tables or [name for name in captured if "*" not in name]
        wanted = [name for name in names if consumer.wants(*name.split(".", 1))]
        for target in examiner.targets(wanted):
            findings += _target(consumer, target, owners)
    except ConfigError as error:
        findings.append(_refused(stanza, error))
    except RowlineError as error:
        findings.append(not_asked(f"sink of {consumer.name}", error))
    return findings or [
        Finding(stanza, "ok", f"fits {counted(len(received), 'table')} and its sink")
    ]


def _target(
    consumer: ConsumerSettings, target: Target, owners: dict[tuple[str, str], str]
) -> list[Finding]:
    """A place in the sink that cannot be written to, or that another consumer writes to."""
    thing = f"consumers.{consumer.name}.{consumer.kind}"
    findings = []
    if target.problem:
        findings.append(
            Finding(
                thing,
                "fail",
                f"puts {target.table} into {target.place}, which {target.problem}",
                "Choose another alias, or give the index another name and put the alias "
                f"{target.place} on it.",
                stanza=f"{thing}.alias",
                table=target.table,
            )
        )
    owner = owners.setdefault((target.system, target.place), consumer.name)
    if owner != consumer.name:
        findings.append(
            Finding(
                thing,
                "fail",
                f"puts {target.table} into {target.place}, where consumer {owner} writes too: "
                "they would overwrite each other's documents",
                f"Give one of them an alias of its own, like {consumer.name.lower()}-{{table}}.",
                stanza=f"{thing}.alias",
                table=target.table,
            )
        )
    return findings


def _refused(stanza: str, error: ConfigError) -> Finding:
    """A stanza that cannot work, whatever database and sink hold; or a secret that is missing."""
    key = error.thing if error.thing.startswith(stanza) else ""
    return Finding(error.thing, "fail", error.what.rstrip("."), error.hint, stanza=key)
