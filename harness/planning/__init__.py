"""What a run depends on: the keys of all that it needs, without importing torch."""
