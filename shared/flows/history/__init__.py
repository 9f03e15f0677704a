"""History: the archive answers what happened to a row, and how it was at a time."""
