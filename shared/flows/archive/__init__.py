"""The archive: from the landing into the lake, and what keeps the lake small, fast and complete."""
