"""Adapters for a local copy of each data set of the papers: its layout, its official split, its protocol."""
