"""The HTTP sink of a consumer, as its stanza says."""

import msgspec


class HttpSettings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="http"
):
    """url: the receiver. secret: names {signing_key, authorization, ca_certificate}.

    batch: the most changes in one request.
    """

    url: str
    secret: str
    batch: int = 1
