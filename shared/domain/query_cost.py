"""The price of an Athena query, from the bytes that it reads."""

USD_PER_TB = 5.0
"""eu-west-1; bench/prices.json has the source."""

TB, MB = 10**12, 10**6
LEAST_MB = 10
"""A query is charged by whole megabytes, ten at least. Source: Amazon Athena pricing, "Pricing
details"."""


def query_usd(scanned: int) -> float:
    """The price of a query that reads this many bytes."""
    charged = max(LEAST_MB, -(-scanned // MB)) * MB
    return charged * USD_PER_TB / TB
