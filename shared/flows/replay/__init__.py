"""Replay: archived changes go to one consumer."""
