"""What goes wrong around a relay, on real processes and servers: replies that get lost, kills,
restarts, purged binlogs.
"""
