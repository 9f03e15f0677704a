"""Start: what a command does before it imports the rest."""

import gc
import time

BEGAN = time.monotonic()
"""When this process began to work, by a clock that only grows."""

# Imports make some 80,000 objects that stay. To look at them again and again, as the collector
# would after each 700 new ones, takes a seventh of the time of the imports.
gc.set_threshold(200_000)
