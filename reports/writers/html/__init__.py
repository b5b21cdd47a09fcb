"""The HTML report: one file that opens from the disk without a network."""
