"""Privacy: what a stage keeps of one person, shown or removed."""
