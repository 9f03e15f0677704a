"""The relay: binlog → changes → messages → topic, and a checkpoint behind what is acknowledged.

`reading` turns events into packed changes. `publishing` keeps and sends them until they are
acknowledged. `lease` holds the lease and moves the checkpoint. `sharing` divides the tables of a
source among its relays. `capture` lets a table that cannot be captured stop alone. `failover`
finds what another server lacks. Each advances in steps without threads; `relay_loop` gives
them threads.
"""
