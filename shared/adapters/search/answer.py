"""Answer: what Elasticsearch's statuses and error types mean for a change, and for a person."""

from typing import TYPE_CHECKING, Any

from shared.adapters.search.contract import Result
from shared.values.errors import SearchError, SearchUnavailable

if TYPE_CHECKING:
    from elasticsearch import ApiError, Elasticsearch, TransportError

_NOT_THE_CHANGES_FAULT = frozenset(
    # A blocked, closed or forbidden index: an operator's matter, over when the operator is done.
    (
        "cluster_block_exception",
        "index_closed_exception",
        "security_exception",
        "circuit_breaking_exception",
        "es_rejected_execution_exception",
    )
)


def fate(item: dict[str, Any]) -> Result:
    """The fate of one item of a bulk answer ({status, error?: {type, reason}}).

    An item without an error did what was asked; a delete of what is not there answers 404 and
    leaves a tombstone with its version. Source: Elasticsearch reference, "Bulk API"; the type of
    each status was seen on 8.19.
    """
    error = item.get("error")
    if error is None:
        return Result("applied")
    kind, status = error["type"], item["status"]
    reason = f"{kind}: {error.get('reason', '')}"
    if kind == "version_conflict_engine_exception":
        return Result("superseded", kind)
    if kind == "index_not_found_exception":
        return Result("missing", reason)
    if status == 429 or status >= 500 or kind in _NOT_THE_CHANGES_FAULT:
        return Result("transient", reason)
    return Result("refused", reason)


def problem(
    error: "ApiError | TransportError", client: "Elasticsearch"
) -> SearchError | SearchUnavailable:
    """The error to raise when a whole request fails."""
    from elastic_transport import TlsError
    from elasticsearch import ApiError, UnsupportedProductError

    place = next(
        (f"{node.host}:{node.port}" for node in client.transport.node_pool.all()), "Elasticsearch"
    )
    if isinstance(error, UnsupportedProductError):
        return SearchError(
            "is not Elasticsearch.",
            thing=place,
            hint="Give the address of an Elasticsearch 8 or 9 cluster in the secret.",
        )
    if isinstance(error, ApiError):
        return refused(error.meta.status, _reason(error), place)
    if isinstance(error, TlsError):
        return SearchError(
            f"has a certificate that cannot be verified ({error.message}).",
            thing=place,
            hint="Put its CA as PEM text into ca_certificate of the secret.",
        )
    return SearchUnavailable(
        f"does not answer ({type(error).__name__}).",
        thing=place,
        hint="Is it up, and may this function reach it (subnets, security groups)?",
    )


def refused(status: int, reason: str, place: str) -> SearchError | SearchUnavailable:
    """The error to raise for a whole request that was answered with this status."""
    what = f"answered {status}: {reason}."
    if status in (408, 429) or status >= 500:
        return SearchUnavailable(
            what, thing=place, hint="It is overloaded or starting; tried again later."
        )
    hint = (
        "Check api_key, or username and password, in the secret, and the rights they give."
        if status in (401, 403)
        else "See the Elasticsearch reference for this error type."
    )
    return SearchError(what, thing=place, hint=hint)


def reason_of(body: Any) -> str:
    """Why a request was refused, by its answer's body: the cause at the bottom says most."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return str(error or "no reason was given")
    while isinstance(error.get("caused_by"), dict):
        error = error["caused_by"]
    return f"{error.get('type')}: {error.get('reason')}".rstrip(".")


def _reason(error: "ApiError") -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return f"{body['error'].get('type')}: {body['error'].get('reason')}".rstrip(".")
    return error.message
