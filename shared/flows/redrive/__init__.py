"""Redrive: applies parked changes again, or drops them, through the consumer's own queue."""
