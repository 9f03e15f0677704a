"""Request errors: what the answer to a refused request means for a person."""

from typing import Any

from shared.values.errors import SearchError, SearchUnavailable


def refused(status: int, reason: str, place: str) -> SearchError | SearchUnavailable:
    """The error to raise for a whole request that was answered with this status."""
    what = f"answered {status}: {reason}."
    if status in (408, 429) or status >= 500:
        return SearchUnavailable(
            what, thing=place, hint="It is overloaded or starting; tried again later."
        )
    if "cluster_block_exception" in reason:
        hint = "Writes are blocked: see index.blocks and cluster.blocks. A full disk blocks too."
    elif status in (401, 403):
        hint = "Check api_key, or username and password, in the secret, and the rights they give."
    else:
        hint = "See the Elasticsearch reference for this error type."
    return SearchError(what, thing=place, hint=hint)


_REFUSALS_TO_READ = frozenset(
    ("illegal_argument_exception", "routing_missing_exception", "security_exception")
)


def unreadable(kind: str, place: str) -> SearchError | SearchUnavailable:
    """The error to raise for a document that was not read; such an answer has no status.

    kind: the type of Elasticsearch's error. Most concern shards, such
    as `no_shard_available_action_exception` while a new index starts, and pass.
    """
    what = f"could not read a document: {kind}."
    if kind in _REFUSALS_TO_READ:
        return SearchError(what, thing=place, hint="See the Elasticsearch reference for it.")
    return SearchUnavailable(what, thing=place, hint="See the cluster's health; tried again later.")


def error_text(body: Any) -> str:
    """Why a request was refused, by its answer's body: the cause at the bottom says most."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return str(error or "no reason was given")
    while isinstance(error.get("caused_by"), dict):
        error = error["caused_by"]
    return f"{error.get('type')}: {error.get('reason')}".rstrip(".")


def reason_at_top(body: Any) -> str:
    """Why a request was refused, as the answer's body itself says it."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return f"{error.get('type')}: {error.get('reason')}".rstrip(".")
    return str(error or "no reason was given")
