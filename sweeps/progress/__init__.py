"""How a sweep stands, and what has come of it."""
