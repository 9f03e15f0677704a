"""Many superseded: changes older than what a sink holds; a few come by late deliveries."""

MANY_SUPERSEDED = 20
"""So many changes that are all superseded are no coincidence of late deliveries."""
