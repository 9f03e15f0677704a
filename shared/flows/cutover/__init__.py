"""Cutover: readers move from the serving index to the one beside it, and back, at once."""
