"""Networks that metrics measure with, and their weights: read from installed packages, never downloaded."""
