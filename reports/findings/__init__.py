"""From records to what a report says; `reports.analysis` is the way in."""
