"""Product: which search engine a cluster runs, and the media types that its requests have."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Product(NamedTuple):
    """A search engine.

    oldest: the first major version that Rowline supports.
    json, lines: media types of a request's body, and of one of many lines.
    """

    name: str
    oldest: int
    json: str
    lines: str


ELASTICSEARCH = Product(
    "Elasticsearch",
    8,
    *(f"application/vnd.elasticsearch+{kind}; compatible-with=8" for kind in ("json", "x-ndjson")),
)
"""With these types servers of version 9 answer as version 8 does. Source: Elasticsearch reference,
"REST API compatibility".
"""

OPENSEARCH = Product("OpenSearch", 2, "application/json", "application/x-ndjson")
"""It refuses the types of Elasticsearch with 406 (seen on 2.19)."""


def by_headers(headers: Mapping[str, str]) -> Product | None:
    """Elasticsearch names itself in every good answer. Nothing else that resembles it does."""
    return ELASTICSEARCH if headers.get("x-elastic-product") == "Elasticsearch" else None


def by_root(root: Any) -> Product | None:
    """The product by the answer to `GET /`.

    Source: OpenSearch documentation, "Rest API", "Info": `version.distribution`.
    """
    version = root.get("version") if isinstance(root, dict) else None
    found = isinstance(version, dict) and version.get("distribution") == "opensearch"
    return OPENSEARCH if found else None
