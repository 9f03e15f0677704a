"""Unapplied limit: how many messages of a backfill may wait for the consumer."""

MAX_UNAPPLIED = 200
"""Messages that are not applied yet, above which reading pauses: live changes of the same groups
wait behind them.
"""
