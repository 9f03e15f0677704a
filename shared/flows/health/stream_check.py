"""Stream check: where a stream starts, whether what it hides changes, or where its rows go."""

from collections.abc import Callable
from contextlib import closing

from shared.domain.preflight.mask_checks import check_hidden_columns, check_mask_key
from shared.domain.preflight.placement_checks import check_placement
from shared.flows.health.declared_stage import DeclaredStage, not_asked
from shared.values.checkpoint import Checkpoint
from shared.values.errors import ConfigError, Outage, RowlineError
from shared.values.finding import Finding
from shared.values.mask_key import mask_key_fingerprint
from shared.values.position import Position
from shared.values.settings import SourceSettings, StageSettings


def check_stream(
    asked: DeclaredStage, source: SourceSettings, checkpoint: Callable[[str], Checkpoint | None]
) -> list[Finding]:
    """checkpoint: that of a stream; None where it has not begun."""
    findings: list[Finding] = []
    try:
        point = checkpoint(source.stream)
        if point is None:
            findings += _start(asked, source)
        key = asked.mask_key(source)
        findings += check_mask_key(source, key)
        if point is not None:
            findings += check_hidden_columns(
                source,
                point.whole.tables,
                rehashed=point.whole.mask_key not in ("", mask_key_fingerprint(key)),
                fix=lambda table: _resync(asked.settings, source, table),
            )
        findings += _placement(asked.settings, source, checkpoint)
    except RowlineError as error:
        findings.append(not_asked(f"stream {source.stream}", error))
    return findings


def _placement(
    settings: StageSettings, source: SourceSettings, checkpoint: Callable[[str], Checkpoint | None]
) -> list[Finding]:
    """A table may come from another relay of the source, and keeps its groups then too."""
    root = source.relay_of or source.name
    relays = [one for one in settings.sources.values() if root in (one.name, one.relay_of)]
    points = [point for one in relays if (point := checkpoint(one.stream)) is not None]
    return check_placement(source, points, fix=lambda table: _resync(settings, source, table))


def _start(asked: DeclaredStage, source: SourceSettings) -> list[Finding]:
    """Whether the server has the place where a stream is to start."""
    if source.start in ("earliest", "latest"):
        return []
    thing, stanza = f"start of {source.name}", f"sources.{source.name}.start"
    try:
        position = Position.parse(source.start)
        with closing(asked.binlog(source.name)) as binlog:
            next(iter(binlog.read(position)), None)
    except Outage:
        raise
    except RowlineError as error:
        what = f"is {source.start}, which {_continued(error)}"
        return [Finding(thing, "fail", what, error.hint, stanza=stanza)]
    return [Finding(thing, "ok", source.start)]


def _continued(error: RowlineError) -> str:
    return error.what.rstrip(".") if isinstance(error, ConfigError) else str(error)


def _resync(settings: StageSettings, source: SourceSettings, table: str) -> str:
    """The commands that bring a table in its new form, once the relay runs with it."""
    root = source.relay_of or source.name
    commands = [
        f"`rowline resync {one.name} --tables '{table}'`"
        for one in settings.consumers.values()
        if one.source == root and one.wants(*table.split(".", 1))
    ]
    return f"After the deployment run {' and '.join(commands)}." if commands else ""
