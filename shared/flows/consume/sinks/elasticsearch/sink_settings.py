"""The Elasticsearch sink of a consumer, as its stanza says."""

from typing import Any

import msgspec


class ElasticsearchSettings(
    msgspec.Struct,
    frozen=True,
    rename="camel",
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="elasticsearch",
):
    """The stanza with its defaults.

    secret: names {url, api_key | username + password, ca_certificate}.
    alias: may hold `{database}` and `{table}`.
    index: the content of the user's JSON file (settings, mappings); empty: made of the columns.
    id: columns instead of the key. fields: columns to keep; empty: all. rename: column → field.
    """

    secret: str
    alias: str = "{database}-{table}"
    index: dict[str, Any] = {}
    id: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    rename: dict[str, str] = {}
