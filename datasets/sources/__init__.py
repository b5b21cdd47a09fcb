"""Data sets that come with packages, that are drawn, or that lie in a user's folder."""
