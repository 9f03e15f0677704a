"""Fruitless slices: after how many slices that bring nothing forward a job fails."""

OUTAGE, EMPTY_SLICE = 1, 20
"""How much a slice counts that met an outage, or that was too short for the job's next step."""

MOST_STUMBLES = 60
"""In a row: a job of the jobs function fails after an hour of outages, or after three slices that
were too short.
"""


def are_too_many(stumbles: int) -> bool:
    """Whether the job fails. stumbles: of all slices since one brought something forward."""
    return stumbles >= MOST_STUMBLES
