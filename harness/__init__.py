"""Fits, samples and scores what the registry offers, and keeps each result under the hash of its causes."""
