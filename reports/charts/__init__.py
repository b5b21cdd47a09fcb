"""The kinds of figures of a report: each takes plain values of `reports.model` and gives a matplotlib figure."""
