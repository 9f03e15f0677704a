"""When this process began to work, by a clock that only grows."""

import time

BEGAN = time.monotonic()
