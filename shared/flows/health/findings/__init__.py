"""Findings: what the facts of a stage mean, and what to do. A module for each kind of thing."""
