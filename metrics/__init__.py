"""Metrics of saved pictures: each a registered class with a protocol stamp. Nothing here imports torch."""
