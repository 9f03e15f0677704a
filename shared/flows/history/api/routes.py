"""The questions of the API: their paths, their parameters, and what answers them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.domain.time_argument import parse_time
from shared.flows.history.history import row_at, row_history
from shared.flows.history.history_json import history_answer, moment_answer, page_answer, row_answer
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.page_tokens import MOST
from shared.flows.history.pages import (
    changes_between,
    changes_of_transaction,
    table_at,
)
from shared.flows.history.snapshots_json import snapshots_answer
from shared.flows.history.table_snapshots import snapshots_of
from shared.values.errors import ConfigError
from shared.values.plain_answer import PlainAnswer

Given = Mapping[str, str]


class Parameter(NamedTuple):
    """A parameter in the query string."""

    name: str
    description: str
    required: bool = True


class Route(NamedTuple):
    """A question. answer: takes the parameters, which are there where they are required."""

    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    answer: Callable[[HistorySetup, Given], PlainAnswer]


TABLE = Parameter("table", "DATABASE.TABLE, or TABLE where one captured database has it.")
KEY = Parameter("key", "The row's key: its values with commas between them, or JSON.")
AT = Parameter("at", "A time of ISO 8601 with its zone.")
PAGED = (
    Parameter("limit", f"Rows of a page, 1 to {MOST}.", required=False),
    Parameter("page", "`next` of the answer before.", required=False),
)
ASKED = Parameter(
    "asked", "Names a question whose answer takes long; `poll` has it.", required=False
)


def _history(setup: HistorySetup, given: Given) -> PlainAnswer:
    return history_answer(row_history(setup, given["table"], given["key"]))


def _row(setup: HistorySetup, given: Given) -> PlainAnswer:
    return moment_answer(row_at(setup, given["table"], given["key"], parse_time(given["at"])))


def _rows(setup: HistorySetup, given: Given) -> PlainAnswer:
    at = parse_time(given["at"])
    found = table_at(setup, given["table"], at, _limit(given), given.get("page", ""))
    return {"table": given["table"], "at": given["at"], **page_answer(found, "rows", row_answer)}


def _changes(setup: HistorySetup, given: Given) -> PlainAnswer:
    since, until = parse_time(given["from"]), parse_time(given["to"])
    if since >= until:
        raise ConfigError("is not before `to`.", thing="from", hint="Swap the two times.")
    found = changes_between(
        setup, given["table"], since, until, _limit(given), given.get("page", "")
    )
    return {"table": given["table"], **page_answer(found)}


def _transaction(setup: HistorySetup, given: Given) -> PlainAnswer:
    found = changes_of_transaction(setup, given["id"], _limit(given), given.get("page", ""))
    return {"transaction": given["id"], **page_answer(found)}


def _snapshots(setup: HistorySetup, given: Given) -> PlainAnswer:
    found = snapshots_of(setup, given["table"], _limit(given), given.get("page", ""))
    return snapshots_answer(found)


def _limit(given: Given) -> int:
    text = given.get("limit", str(MOST))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= MOST:
        raise ConfigError(
            "is no limit.", thing=f"limit {text[:50]!r}", hint=f"Write a number from 1 to {MOST}."
        )
    return int(text)


ROUTES = (
    Route("/history", "What happened to a row", (TABLE, KEY), _history),
    Route("/row", "A row at a time", (TABLE, KEY, AT), _row),
    Route("/rows", "The rows of a table at a time", (TABLE, AT, *PAGED), _rows),
    Route(
        "/changes",
        "The changes of a table in a while",
        (
            TABLE,
            Parameter("from", "Changes since this time, which has its zone."),
            Parameter("to", "Changes before this time."),
            *PAGED,
        ),
        _changes,
    ),
    Route(
        "/transaction",
        "The changes of a transaction",
        (Parameter("id", "Its GTID, or FILE:OFFSET."), *PAGED),
        _transaction,
    ),
    Route("/snapshots", "The snapshots of a table", (TABLE, *PAGED), _snapshots),
)
