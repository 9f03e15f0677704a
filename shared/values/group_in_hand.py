"""Group in hand: what a consumer's function has begun with the changes of a message group."""

import msgspec


class GroupInHand(msgspec.Struct, frozen=True):
    """The record of an invocation that has begun a group and has not ended it.

    change: the id of the change that it applied alone; empty: all of them together.
    tries: how often that change was begun alone. version: of the function's code.
    """

    change: str = ""
    tries: int = 0
    version: str = ""
