"""What is made of records: tables, pictures, figures. Reads the disk, never torch.

``from reports import load`` is the way in: every record as one tidy table.
"""

from reports.records.load import load

__all__ = ["load"]
