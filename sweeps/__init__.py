"""Named experiments (YAML), and what becomes of the points of a command."""
