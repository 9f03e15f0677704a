"""The API's application: requests of an HTTP API of API Gateway become answers.

A question that takes longer than a request is answered with 202 and the address to ask again: the
same question finds the queries that it started before.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import msgspec
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from shared.adapters.athena.contract import QueryError
from shared.flows.history.api.openapi import document
from shared.flows.history.api.routes import ASKED, ROUTES, Given, Route
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.repeated_asking import RepeatedAsking, StillRunning
from shared.values.errors import ConfigError, Outage, RowlineError

WAIT = 10.0
"""Seconds that a request waits for Athena; an HTTP API waits 30 for its function."""

MOST_CHARACTERS = 9_000
"""Characters of one parameter."""

MOST_BYTES = 5_500_000
"""Of an answer: Lambda returns 6 MB at most."""


def application(setup: Callable[[], HistorySetup], wait: float = WAIT) -> APIGatewayHttpResolver:
    """The application. setup: is called for each request."""
    resolver = APIGatewayHttpResolver()

    @resolver.get("/openapi.json")
    def _document() -> Response[str]:
        return _json(200, document())

    for route in ROUTES:
        resolver.get(route.path)(_answering(resolver, route, setup, wait))

    @resolver.not_found
    def _unknown(_error: Exception) -> Response[str]:
        paths = ", ".join(each.path for each in ROUTES)
        return problem(404, "No such question", f"The API knows {paths} and /openapi.json.")

    return resolver


def _answering(
    resolver: APIGatewayHttpResolver,
    route: Route,
    setup: Callable[[], HistorySetup],
    wait: float,
) -> Callable[[], Response[str]]:
    def answer() -> Response[str]:
        given = resolver.current_event.query_string_parameters or {}
        try:
            _check(route, given)
            asked = given.get(ASKED.name) or secrets.token_hex(16)
            parts = setup()
            parts = replace(parts, athena=RepeatedAsking(parts.athena, asked, wait))
            return _whole(route.answer(parts, given))
        except StillRunning:
            return _accepted(route, given, asked)
        except ConfigError as error:
            return problem(400, "The question cannot be answered", str(error))
        except QueryError as error:
            return problem(422, "The query was not carried out", str(error))
        except Outage as error:
            return problem(503, "AWS did not answer", str(error), {"Retry-After": "10"})
        except RowlineError as error:
            return problem(500, "The archive cannot be read", str(error))

    return answer


def _check(route: Route, given: Given) -> None:
    known = {each.name for each in (*route.parameters, ASKED)}
    for name, value in given.items():
        if name not in known:
            raise ConfigError(
                "is not known.",
                thing=f"parameter {name[:50]!r}",
                hint=f"Known: {', '.join(sorted(known))}.",
            )
        if len(value) > MOST_CHARACTERS:
            raise ConfigError(
                f"is longer than {MOST_CHARACTERS:,} characters.", thing=f"parameter {name!r}"
            )
    for each in route.parameters:
        if each.required and not given.get(each.name):
            raise ConfigError(
                "is missing.", thing=f"parameter {each.name!r}", hint=each.description
            )


def _whole(answer: Any) -> Response[str]:
    found = _json(200, answer)
    if len((found.body or "").encode()) > MOST_BYTES:
        return problem(
            422,
            "The answer is too large",
            "Lambda returns 6 MB at most. Use /changes with pages, or `rowline history`.",
        )
    return found


def _accepted(route: Route, given: Given, asked: str) -> Response[str]:
    where = f"{route.path}?{urlencode({**given, ASKED.name: asked})}"
    headers = {"Location": where, "Retry-After": "2"}
    return _json(202, {"status": "running", "poll": where}, headers)


def problem(
    status: int, title: str, detail: str, headers: dict[str, str] | None = None
) -> Response[str]:
    """A problem as RFC 9457 describes it."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return _json(status, body, headers, "application/problem+json")


def _json(
    status: int,
    body: Any,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
) -> Response[str]:
    text = msgspec.json.encode(body).decode()
    return Response(status, content_type, text, headers=headers)
