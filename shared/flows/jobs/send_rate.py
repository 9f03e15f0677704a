"""Send rate: how fast a redrive and a replay send changes."""

RATE = 500.0
"""Changes a second, unless somebody asks for another rate."""
