"""Day: its length."""

DAY_MS = 86_400_000
