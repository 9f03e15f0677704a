"""Verify: every row of a consumer is compared with its document, and every document with its row.

Changes keep flowing. `walking` walks source and sink and collects what differs at first sight; much
of that is changes under way. `settling` looks at those again until the consumer must have caught up
with them; what then still differs is a difference. `repair` writes the row over it.
"""
