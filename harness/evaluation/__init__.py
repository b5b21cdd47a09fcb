"""Sampling a trained method, what that costs, and scoring what was saved."""
