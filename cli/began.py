"""What a command does before all else: it notes when it began, and lets the collector wait."""

import gc
import time

BEGAN = time.monotonic()
"""When this process began to work, by a clock that only grows."""

# Imports make some 100,000 objects that stay. To look at them again and again, as the collector
# would after each 700 new ones, takes a seventh of the start.
gc.set_threshold(200_000)
