"""Verify: every row of a consumer's tables is compared with its document, and every document with
its row, while changes keep flowing.

`job` walks source and index and collects what differs at first sight; much of that is changes under
way. `settling` looks at those again until the consumer must have caught up with them; what then
still differs is a difference. `repair` mends it.
"""
