"""Servers of the local stage: how each is made, started, asked and stopped."""
