"""Metrics with a figure for each picture."""
