"""A training that several processes share, on one machine or on several."""
