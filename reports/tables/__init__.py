"""The tables of a report as plain values, which every writer writes."""
