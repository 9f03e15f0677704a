"""`rowline privacy`"""

import sys
import time
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer

from cli.archive_function import ask_archive, drain_archive
from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import note_console, print_json, result_console
from cli.ui.json_option import JsonOption
from cli.ui.whoami import whoami
from shared.domain.key_argument import key_texts
from shared.flows.history.past_table import find_table
from shared.flows.jobs.taking_a_job import new_id
from shared.flows.privacy.relation_argument import read_relation
from shared.stage import Stage
from shared.values.counted import counted
from shared.values.erasure import Certificate, Erasure, Subject

app = typer.Typer(no_args_is_help=True, help="Everything that a stage keeps of one person.")
TableOption = Annotated[
    str, typer.Option("--table", help="DATABASE.TABLE, or TABLE where one database has it.")
]
KeyOption = Annotated[
    str, typer.Option("--key", help="The row's key: 7, or acme,7, or tenant=acme,id=7, or JSON.")
]
RelatedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--related",
        metavar="TABLE.COLUMN[,COLUMN][=TABLE[.COLUMN]]",
        help="Also rows whose column has the key's value, or a column of another table named here; "
        "may be given several times.",
    ),
]
AlikeOption = Annotated[
    bool,
    typer.Option(
        "--alike", help="Texts that differ only in case, accents or blanks at the end are the same."
    ),
]


@app.command()
def export(
    table: TableOption,
    key: KeyOption,
    related: RelatedOption = None,
    alike: AlikeOption = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
) -> None:
    """Write all that the archive and its snapshots hold of a row, as JSON lines.

    Example: `rowline privacy export --table market.sellers --key 7 --stage prod > 7.jsonl`
    """
    deployed = open_stage(stage, service)
    found = _found(deployed, table, key, related or [], alike)
    skip = 0
    while True:
        event = {"do": "privacy-export", "subjects": found["subjects"], "skip": skip}
        answer = ask_archive(deployed, event)
        for line in answer["lines"]:
            sys.stdout.buffer.write(line.encode() + b"\n")
        if not (skip := answer["next"]):
            return


@app.command()
def erase(
    table: TableOption,
    key: KeyOption,
    related: RelatedOption = None,
    alike: AlikeOption = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Erase; without it, only show what there is.")
    ] = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Remove all that a stage keeps of a row, once it is deleted in the source.

    Without `--yes` it only shows what would be removed. With it, it stores a job that continues
    each hour until a certificate says what was removed.

    Example: `rowline privacy erase --table market.sellers --key 7 --yes --stage prod`
    """
    deployed = open_stage(stage, service)
    found = _found(deployed, table, key, related or [], alike)
    if not yes:
        return print_json(_without_keys(found)) if as_json else _show_found(found)
    now_ms = time.time_ns() // 1_000_000
    subjects = msgspec.convert(found["subjects"], tuple[Subject, ...])
    erasure = Erasure(new_id(now_ms), whoami(), now_ms, subjects)
    event = {"do": "privacy-erase", "erasure": msgspec.to_builtins(erasure)}
    done = ask_archive(deployed, event)
    certificate = done["certificate"]
    if certificate is None:
        said = {"id": erasure.id, "waits": done["waits"]}
        return (
            print_json(said)
            if as_json
            else _print(
                f"{erasure.id} is not done yet: {done['waits']}. It continues within the hour; see "
                "rowline privacy list."
            )
        )
    if as_json:
        return print_json(certificate)
    _show(msgspec.convert(certificate, Certificate))


@app.command("list")
def list_erasures(
    stage: StageOption = "local", service: ServiceOption = "", as_json: JsonOption = False
) -> None:
    """List the certificates of erasures, oldest first. Open ones continue, or say why they wait.

    Example: `rowline privacy list --stage prod`
    """
    deployed = open_stage(stage, service)
    tended = ask_archive(deployed, {"do": "privacy-tend"})["erasures"]
    answer = ask_archive(deployed, {"do": "privacy-certificates"})
    waits = {each["erasure"]["id"]: each["waits"] for each in tended if each["waits"]}
    if as_json:
        return print_json({**answer, "waits": waits})
    for each in msgspec.convert(answer["certificates"], list[Certificate]):
        _show(each)
    for id, why in waits.items():
        _print(f"{id} waits: {why}")
    are = "is" if answer["open"] == 1 else "are"
    _print(f"{counted(answer['open'], 'erasure')} {are} not done yet")


def _found(
    deployed: Stage, table: str, key: str, related: Sequence[str], alike: bool
) -> dict[str, Any]:
    """What there is of a row, once what waits in the queues is archived."""
    setup = deployed.history()
    past = find_table(setup, table)
    keys = tuple(key_texts(key, past.versions, past.full_name))
    relations = [read_relation(setup, each) for each in related]
    for failed in drain_archive(deployed):
        note_console().print(f"! {failed}", markup=False)
    ask_archive(deployed, {"do": "commit", "wait_s": 30})
    subject = Subject(past.source, past.database, past.name, keys)
    event = {
        "do": "privacy-find",
        "subject": msgspec.to_builtins(subject),
        "related": msgspec.to_builtins(relations),
        "alike": alike,
    }
    return ask_archive(deployed, event)


def _without_keys(found: dict[str, Any]) -> dict[str, Any]:
    rows = {f"{each['database']}.{each['table']}": len(each["keys"]) for each in found["subjects"]}
    return {**{name: each for name, each in found.items() if name != "subjects"}, "rows": rows}


def _show_found(found: dict[str, Any]) -> None:
    said = _without_keys(found)
    for name, count in said["rows"].items():
        _print(f"{name}  {counted(count, 'key')}")
    for place, count in said["counts"].items():
        _print(f"  {place}: {count:,}")
    for name, text in said["consumers"].items():
        _print(f"  {name}: {text}")
    for name, count in said["alive"].items():
        _print(f"! {count} rows of {name} are not deleted in the source yet")
    if not any(said["counts"].values()):
        _print("  nothing is left of them")
    elif not said["alive"]:
        _print("  next: the same command with --yes")


def _show(certificate: Certificate) -> None:
    rows = ", ".join(
        f"{counted(count, 'key')} of {name}" for name, count in certificate.rows.items()
    )
    _print(f"{certificate.id}: {rows} erased")
    for place, count in certificate.removed.items():
        _print(f"  {place}: {count:,} removed")
    for name, text in certificate.consumers.items():
        _print(f"  {name}: {text}")
    for text in certificate.remains:
        _print(f"  remains: {text}")


def _print(text: str) -> None:
    result_console().print(text, markup=False)
