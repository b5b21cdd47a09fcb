"""Feature networks of set metrics: each a registered class with a stamp."""
