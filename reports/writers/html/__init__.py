"""The HTML report: one file that opens from the disk without a network."""

from reports.writers.html.page import write_html

__all__ = ["write_html"]
