"""The kinds of figures of a report: each takes values of `reports.analysis.model` and gives a matplotlib figure."""
