"""Numbers, names and sentences that every written report shares."""
