"""Metrics of whole sets of pictures, by features of a network."""
