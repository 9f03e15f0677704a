"""Message characters: those that a name must not contain, since it is a message attribute.

Source: SQS API reference, SendMessage, "MessageBody": tab, line feed, carriage return, U+0020 to
U+D7FF, U+E000 to U+FFFD, and U+10000 to U+10FFFF are allowed. Attributes know no escapes.
"""

import re

_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def refused_character(name: str) -> str:
    """The first character of a name that SNS and SQS refuse, like `U+FFFF`; empty if none."""
    found = _REFUSED.search(name)
    return f"U+{ord(found[0]):04X}" if found else ""
