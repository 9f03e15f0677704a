"""The local stage: real servers and an AWS emulator on this machine, without Docker or root.

It is for development: Rowline's own tests, its demo and its benchmark run on it, and nothing that
is deployed imports it. `local_stage` starts and stops a stage as a whole, each module of `servers`
one server. See docs/local.md.
"""
