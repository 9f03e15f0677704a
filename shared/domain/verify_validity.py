"""Verify validity: when a verify's result says nothing any more about what a consumer writes."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from shared.domain.sink import Target
from shared.domain.subscription_filter import filter_policy, filter_text
from shared.values.proof_basis import ProofBasis
from shared.values.pulse import Subscribed
from shared.values.settings import ConsumerSettings, SourceSettings

_NO_CONTENT = frozenset(
    ("name", "marks", "park_budget", "max_attempts", "ordering", "verify", "timeout", "enabled")
)
"""Fields of a stanza that change no document."""


def basis_of(
    consumer: ConsumerSettings,
    source: SourceSettings,
    targets: Sequence[Target],
    seen: Subscribed | None,
) -> ProofBasis:
    """The basis of a comparison that begins now.

    source: all relays of the consumer's source. seen: the subscription as the watch saw it last.
    """
    indexes = {target.table: tuple(sorted(target.ids)) for target in targets if target.ids}
    since_ms = seen.since_ms if seen and _is_deployed(seen, consumer) else 0
    return ProofBasis(fingerprint(consumer, source), indexes, since_ms)


def completed(begun: ProofBasis, ended: ProofBasis) -> ProofBasis:
    """The basis of a job, with what was not there when it was begun: a repair makes an index."""
    return ProofBasis(
        begun.consumer,
        {**ended.indexes, **begun.indexes},
        begun.subscribed_ms or ended.subscribed_ms,
    )


def basis_in(report: Mapping[str, Any] | None) -> ProofBasis:
    """The basis of a stored report; an empty one for the form of former versions."""
    return msgspec.convert((report or {}).get("basis") or {}, ProofBasis)


def still_counts(held: ProofBasis, now: ProofBasis) -> bool:
    """Whether the stanza and the subscription of an earlier proof are those of a later one."""
    known = held.subscribed_ms and now.subscribed_ms
    is_same = held.subscribed_ms == now.subscribed_ms or not known
    return bool(held.consumer) and held.consumer == now.consumer and is_same


def expiry(
    report: Mapping[str, Any] | None,
    consumer: ConsumerSettings,
    source: SourceSettings,
    targets: Sequence[Target] | None,
    seen: Subscribed | None,
) -> str:
    """Why a report proves nothing any more; empty while it does, and for no report.

    targets: None when the sink does not tell. seen: the subscription as the watch saw it last.
    """
    basis = basis_in(report)
    if report is None or not basis.consumer:
        return ""
    if basis.consumer != fingerprint(consumer, source):
        return "consumer changed"
    found = {target.table: tuple(sorted(target.ids)) for target in targets or ()}
    for table, ids in basis.indexes.items():
        if table in found and found[table] != ids:
            return "index replaced" if found[table] else "index deleted"
    if seen is None:
        return ""
    is_same = seen.since_ms == basis.subscribed_ms or not basis.subscribed_ms
    return "" if is_same and _is_deployed(seen, consumer) else "subscription changed"


def fingerprint(consumer: ConsumerSettings, source: SourceSettings) -> str:
    """A text that changes with what decides which documents there are, and what they hold.

    That is the stanza, and key, drop and mask of the source's tables. Fields with their defaults
    are left out, so that a new version of Rowline keeps the fingerprint.
    """
    stanza = {
        field.name: value
        for field in msgspec.structs.fields(consumer)
        if field.name not in _NO_CONTENT
        and (value := getattr(consumer, field.name)) != field.default
    }
    tables = {
        name: [each.key, each.drop, each.mask]
        for name, each in source.tables.items()
        if (each.key or each.hidden) and ("*" in name or consumer.wants(*name.split(".", 1)))
    }
    text = msgspec.json.encode([stanza, tables], order="sorted")
    return blake2b(text, digest_size=8, person=b"rowline.proof").hexdigest()


def _is_deployed(seen: Subscribed, consumer: ConsumerSettings) -> bool:
    return seen.filter == filter_text(filter_policy(consumer))
