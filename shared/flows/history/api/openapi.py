"""The API's OpenAPI document, made from its routes."""

from typing import Any

from shared.flows.history.api.routes import ASKED, ROUTES, Parameter, Route

_PROBLEM = {
    "description": "A problem (RFC 9457)",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["title", "status", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                },
            }
        }
    },
}
_OBJECT = {"application/json": {"schema": {"type": "object"}}}


def document() -> dict[str, Any]:
    """The document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rowline history",
            "version": "1",
            "description": "Questions about the past of captured tables. Requests are signed with "
            "AWS Signature Version 4, service execute-api.",
        },
        "security": [{"sigv4": []}],
        "components": {
            "securitySchemes": {
                "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header"}
            }
        },
        "paths": {route.path: {"get": _operation(route)} for route in ROUTES},
    }


def _operation(route: Route) -> dict[str, Any]:
    return {
        "operationId": route.path.strip("/"),
        "summary": route.summary,
        "parameters": [_parameter(each) for each in (*route.parameters, ASKED)],
        "responses": {
            "200": {"description": "The answer", "content": _OBJECT},
            "202": {
                "description": "The query still runs: ask again at the address `poll`",
                "headers": {"Location": {"schema": {"type": "string"}}},
                "content": _OBJECT,
            },
            **dict.fromkeys(("400", "403", "422", "503"), _PROBLEM),
        },
    }


def _parameter(each: Parameter) -> dict[str, Any]:
    return {
        "name": each.name,
        "in": "query",
        "required": each.required,
        "description": each.description,
        "schema": {"type": "string"},
    }
