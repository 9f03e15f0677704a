"""Backfill: a consumer gets the rows that are already in the source, while changes keep flowing.

Rows travel as changes `r` through the consumer's own queue, in the same message groups as its live
changes, under the seq that the relay's checkpoint had before they were read (`watermark`). So a
live change that is newer wins over the row, whichever comes first. `job` reads chunk after chunk
and remembers how far it came, `sending` puts the rows into the queue, `finishing` makes sure that
all of them were applied, then that rows deleted meanwhile are gone.
"""
