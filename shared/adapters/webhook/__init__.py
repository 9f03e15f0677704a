"""Webhooks: signed requests to a receiver of somebody else's."""
