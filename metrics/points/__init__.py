"""Metrics of point sets in the plane."""
