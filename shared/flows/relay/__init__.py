"""The relay: binlog → changes → messages → topic, and a checkpoint that never runs ahead of what is
acknowledged.

`reading` takes events and turns them into packed changes, `outbox` keeps them until they are
acknowledged, `publishing` sends them, `keeper` holds the lease and stores the checkpoint; each
advances in steps without threads, `loop` gives them threads.
"""
