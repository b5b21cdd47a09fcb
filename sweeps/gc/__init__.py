"""Making room in a store."""
