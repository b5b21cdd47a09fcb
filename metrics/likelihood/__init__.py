"""Metrics of trained networks: what a model says of clean pictures."""
