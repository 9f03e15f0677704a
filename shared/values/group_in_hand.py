"""Group in hand: what a consumer's function has begun with the changes of a message group."""

import msgspec


class GroupInHand(msgspec.Struct, frozen=True):
    """The record of an invocation that has begun a group and has not ended it.

    change: the id of the first change that it applied; empty: all of the group, with others.
    tries: how often that change was begun alone, with enough time. version: of the function's code.
    many: how many changes were begun together, from that one on.
    attempts: how often the changes were begun before, together or with little time.
    witnesses: names of changes that were begun to show that the sink works.
    proved: another change was taken in the same invocation before this one was begun, at least
        once.
    """

    change: str = ""
    tries: int = 0
    version: str = ""
    many: int = 1
    attempts: int = 0
    witnesses: tuple[str, ...] = ()
    proved: bool = False
