"""Records from the disk as tables."""
